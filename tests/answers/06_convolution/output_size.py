"""Answers to `output_size`: right ones that differ in kind from the reference, and wrong ones that students write."""


# %% right: counts the places one by one
def output_size(n, k, stride=1, padding=0):
    start, stop = -padding, n + padding
    if stop - start < k:
        raise ValueError("the window does not fit")
    places = 0
    while start + k <= stop:
        places += 1
        start += stride
    return places


# %% right: the length of a range
def output_size(n, k, stride=1, padding=0):
    places = len(range(0, n + 2 * padding - k + 1, stride))
    if not places:
        raise ValueError(f"kernel {k} > {n} + 2 * {padding}")
    return places


# %% right: floating point, floor, int
def output_size(n, k, stride=1, padding=0):
    import math

    room = n + 2 * padding - k
    if room < 0:
        raise ValueError("kernel larger than the padded input")
    return int(math.floor(room / stride) + 1)


# %% right: recursion, one place less on a shorter input
def output_size(n, k, stride=1, padding=0):
    def places(length):
        return 1 + places(length - stride) if length - stride >= k else 1

    if n + 2 * padding < k:
        raise ValueError(n, k, padding)
    return places(n + 2 * padding)


# %% right: rounds up the number of starts, which is the same
def output_size(n, k, stride=1, padding=0):
    starts = n + 2 * padding - k + 1
    if starts < 1:
        raise ValueError("no place for the window")
    return -(-starts // stride)


# %% wrong: padding on one side only
# fails: output_size-values output_size-edges
# says: the padding comes on both sides
def output_size(n, k, stride=1, padding=0):
    if k > n + padding:
        raise ValueError("too large")
    return (n + padding - k) // stride + 1


# %% wrong: the + 1 is forgotten
# fails: output_size-values output_size-edges
# says: the place where the window starts counts, too
def output_size(n, k, stride=1, padding=0):
    if k > n + 2 * padding:
        raise ValueError("too large")
    return (n + 2 * padding - k) // stride


# %% wrong: the + 1 comes before the division
# fails: output_size-values output_size-edges
# says: the + 1 comes after the division
def output_size(n, k, stride=1, padding=0):
    if k > n + 2 * padding:
        raise ValueError("too large")
    return (n + 2 * padding - k + 1) // stride


# %% wrong: rounds up
# fails: output_size-edges
# says: round down
def output_size(n, k, stride=1, padding=0):
    if k > n + 2 * padding:
        raise ValueError("the kernel is larger than the input")
    return int(np.ceil((n + 2 * padding - k) / stride)) + 1


# %% wrong: / instead of //
# fails: output_size-edges
# says: // instead of /
def output_size(n, k, stride=1, padding=0):
    if k > n + 2 * padding:
        raise ValueError("the kernel is larger than the input")
    return (n + 2 * padding - k) / stride + 1


# %% wrong: np.floor makes a float
# fails: output_size-edges
# says: must return an int, not a float
def output_size(n, k, stride=1, padding=0):
    if k > n + 2 * padding:
        raise ValueError("the kernel is larger than the input")
    return np.floor((n + 2 * padding - k) / stride) + 1


# %% wrong: no error for a window that does not fit
# fails: output_size-edges
# says: must raise ValueError
def output_size(n, k, stride=1, padding=0):
    return max((n + 2 * padding - k) // stride + 1, 0)


# %% wrong: returns the error instead of raising it
# fails: output_size-edges
# says: must raise ValueError
def output_size(n, k, stride=1, padding=0):
    if k > n + 2 * padding:
        return ValueError("the kernel is larger than the padded input")
    return (n + 2 * padding - k) // stride + 1


# %% wrong: refuses a window larger than the input, whatever the padding
# fails: output_size-edges
def output_size(n, k, stride=1, padding=0):
    if k > n:
        raise ValueError("the kernel is larger than the input")
    return (n + 2 * padding - k) // stride + 1


# %% wrong: int() rounds -1/2 up to 0, so that a window one too large seems to fit
# fails: output_size-edges
def output_size(n, k, stride=1, padding=0):
    places = int((n + 2 * padding - k) / stride) + 1
    if places < 1:
        raise ValueError("the kernel does not fit")
    return places


# %% wrong: refuses a window that fits exactly
# fails: output_size-values output_size-edges
def output_size(n, k, stride=1, padding=0):
    if k >= n + 2 * padding:
        raise ValueError("the kernel does not fit")
    return (n + 2 * padding - k) // stride + 1
