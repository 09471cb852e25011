"""Keep freed memory for the next array, where the C library would hand it back to the system.

A training step makes and drops arrays of a few megabytes. By default glibc returns such blocks to the system at once,
and every fresh page of the next array costs a page fault: for LeNet-5 nearly as much time as all its arithmetic. It
keeps what is smaller than the largest block it has seen freed (up to 32 MB), so we show it one; its pages are never
touched. Other C libraries take no notice.
"""

import numpy as np


def keep_freed_memory() -> None:
    """Allocate and free one large block."""
    np.empty(31 * 2**20, np.uint8)
