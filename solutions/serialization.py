"""Weights on disk: `save` writes a state dict to one file, `load` reads it back.

Two formats, told apart by the file's suffix: `.npz` is NumPy's own, `.safetensors` is read by PyTorch and most other
libraries (it needs the library `safetensors`). Both hold arrays and nothing that could run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import numpy as np

from solutions._optional import optional
from solutions._validation import described

PathLike = str | os.PathLike[str]


def save(model: Any, path: PathLike) -> None:
    """Write the weights of a model (or a state dict) to a file; a file that is there is replaced only when all is well.

    Args: model, anything with `state_dict()`, or a mapping from names to arrays; path, ending in .npz or .safetensors.
    Raises: TypeError where model has no state dict or holds something else than numbers; ValueError for another suffix
        and for a model without arrays; ImportError for .safetensors where that library is missing; OSError where the
        file cannot be written.
    Source: numpy.savez; safetensors, "Format".

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"weight": np.array([1.0, 2.0])}, folder + "/model.npz")
    ...     load(folder + "/model.npz")
    {'weight': array([1., 2.])}
    """
    write, _ = _format(path)
    content = write(_state(model))
    target = os.fspath(path)
    partial = f"{target}.{os.getpid()}.part"  # in the same folder, so that os.replace is one move
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    except BaseException:
        if os.path.exists(partial):
            os.remove(partial)
        raise


def load(path: PathLike, model: Any = None) -> dict[str, np.ndarray]:
    """Read a state dict from a file, and put it into a model if one is given.

    Args: path, ending in .npz or .safetensors; model, something with `load_state_dict`, or None.
    Returns: the arrays by name.
    Raises: ValueError for another suffix, a file that is damaged, or arrays that do not fit the model; ImportError for
        .safetensors where that library is missing; OSError where the file cannot be read.
    Source: as `save`.

    >>> from solutions.layers import Linear
    >>> import tempfile
    >>> first, second = Linear(3, 2, rng=0), Linear(3, 2, rng=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(first, folder + "/model.npz")
    ...     list(load(folder + "/model.npz", second))
    ['weight', 'bias']
    >>> bool((first.weight.value == second.weight.value).all())
    True
    """
    _, read = _format(path)
    if model is not None and not hasattr(model, "load_state_dict"):
        raise TypeError(f"model must have load_state_dict, got {described(model)}")
    with open(path, "rb") as file:
        content = file.read()
    try:
        state = read(content)
    except ImportError:
        raise
    except Exception as error:  # each format has errors of its own for damaged files
        raise ValueError(f"{os.fspath(path)} is damaged or no {_suffix(path)} file: {error}") from error
    if model is not None:
        model.load_state_dict(state)
    return state


def _state(model: Any) -> dict[str, np.ndarray]:
    state = model.state_dict() if hasattr(model, "state_dict") else model
    if not isinstance(state, Mapping):
        raise TypeError(f"model must have state_dict() or be a mapping from names to arrays, got {described(model)}")
    if not state:
        raise ValueError("model must hold at least one array to save, got none")
    arrays = {}
    for key, value in state.items():
        if not isinstance(key, str):
            raise TypeError(f"model must have strings as names, got {described(key)}")
        array = np.array(value, order="C")
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{key} must be an array of numbers, got {described(value)}")
        arrays[key] = array
    return arrays


def _to_npz(state: dict[str, np.ndarray]) -> bytes:
    from zipfile import ZipFile  # not at the top: `import solutions` is to be fast

    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:  # as np.savez does, which takes some keys for arguments of its own
        for key, array in state.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return buffer.getvalue()


def _from_npz(content: bytes) -> dict[str, np.ndarray]:
    if not content.startswith(b"PK"):
        raise ValueError("it is no zip archive")
    with np.load(BytesIO(content), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def _to_safetensors(state: dict[str, np.ndarray]) -> bytes:
    content: bytes = _safetensors().save(state)
    return content


def _from_safetensors(content: bytes) -> dict[str, np.ndarray]:
    return {key: np.array(array) for key, array in _safetensors().load(content).items()}


def _safetensors() -> Any:
    return optional("safetensors.numpy", "safetensors", "a .safetensors file")


_FORMATS: dict[str, tuple[Callable[[dict[str, np.ndarray]], bytes], Callable[[bytes], dict[str, np.ndarray]]]] = {
    ".npz": (_to_npz, _from_npz),
    ".safetensors": (_to_safetensors, _from_safetensors),
}


def _suffix(path: PathLike) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a string or a path, got {described(path)}")
    return os.path.splitext(os.fspath(path))[1].lower()


def _format(path: PathLike) -> tuple[Callable[..., bytes], Callable[..., dict[str, np.ndarray]]]:
    suffix = _suffix(path)
    if suffix not in _FORMATS:
        raise ValueError(f"path must end in {' or '.join(_FORMATS)}, got {os.fspath(path)!r}")
    return _FORMATS[suffix]
