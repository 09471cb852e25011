import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import solutions

ROOT = Path(solutions.__file__).parent
MODULES = ["solutions", *(m.name for m in pkgutil.walk_packages(solutions.__path__, "solutions."))]


def public_objects():
    """Yield every public function and class of the library with the name it is written under."""
    for name in MODULES:
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            made_here = getattr(value, "__module__", None) == name
            if not key.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)) and made_here:
                yield f"{name}.{key}", value


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    module = importlib.import_module(name)
    failed, attempted = doctest.testmod(module)
    assert failed == 0
    written = [value for full_name, value in public_objects() if full_name.startswith(f"{name}.")]
    if "._" not in name and any(value.__module__ == name and ">>>" in (value.__doc__ or "") for value in written):
        assert attempted > 0, "the examples were not found"


# private modules are for readers of the source
OUTSIDE = [(name, value) for name, value in public_objects() if "._" not in name]


@pytest.mark.parametrize(("name", "value"), OUTSIDE, ids=[name for name, _ in OUTSIDE])
def test_every_public_name_has_a_full_docstring(name, value):
    text = inspect.getdoc(value) or ""
    for part in ("Args:", "Raises:", "Source:", ">>>"):
        assert part in text, f"{name} has no {part}"
    assert text.splitlines()[0].endswith((".", ":")), f"{name} does not open with a sentence"


def test_every_function_has_its_derivative_beside_it():
    names = set(solutions.functional.__all__)
    forward = {name for name in names if not name.endswith("_backward")}
    assert {f"{name}_backward" for name in forward} == names - forward
    expected = (
        "step sigmoid tanh arctan relu leaky_relu prelu absolute maxout softplus swish softmax log_softmax linear"
    )
    expected += " conv1d conv2d conv3d max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d dropout"
    assert set(expected.split()) <= forward
    for name in names:
        assert getattr(solutions, name) is getattr(solutions.functional, name)
        assert inspect.isfunction(getattr(solutions, name))


# those that take lengths, states, running moments or indices have tests of their own, in the files of their families
OF_ONE_FORM = [n for n in solutions.functional.__all__ if not re.match("batch_norm|layer_norm|embedding|rnn|lstm", n)]
CONV = ["x", "weight", "bias=None", "stride=1", "padding=0", "dilation=1", "groups=1"]
POOL = ["x", "kernel_size", "stride=None", "padding=0"]
SIGNATURES = {
    "softmax": ["x", "axis=-1"],
    "log_softmax": ["x", "axis=-1"],
    "leaky_relu": ["x", "slope=0.01"],
    "prelu": ["x", "weight"],
    "maxout": ["x", "k"],
    "dropout": ["x", "p=0.5", "training=True", "rng=None"],
    "dropout_backward": ["grad_y", "mask"],
    "linear": ["x", "weight", "bias=None"],
    **{f"conv{d}d": CONV for d in (1, 2, 3)},
    **{f"conv{d}d_backward": ["grad_y", *(a for a in CONV if a != "bias=None")] for d in (1, 2, 3)},
    **{f"{kind}_pool{d}d": POOL for kind in ("max", "avg") for d in (1, 2, 3)},
    **{f"{kind}_pool{d}d_backward": ["grad_y", *POOL] for kind in ("max", "avg") for d in (1, 2, 3)},
}


@pytest.mark.parametrize("name", OF_ONE_FORM)
def test_signatures_are_the_contract(name):
    signature = inspect.signature(getattr(solutions, name))
    got = [f"{p.name}={p.default}" if p.default is not p.empty else p.name for p in signature.parameters.values()]
    if name in SIGNATURES:
        assert got == SIGNATURES[name]
    elif name.endswith("_backward"):
        forward = inspect.signature(getattr(solutions, name.removesuffix("_backward")))
        assert list(signature.parameters) == ["grad_y", *forward.parameters]
    else:
        assert got == ["x"]


def call(name, dtype, rng):
    """Return the arguments for a small call of a public function, all sizes different."""

    def array(*shape):
        return rng.normal(size=shape).astype(dtype)

    stem = name.removesuffix("_backward")
    space = {"1": (9,), "2": (9, 8), "3": (9, 8, 7)}
    if stem.startswith("conv"):
        args = [array(2, 3, *space[stem[4]]), array(4, 3, *(2,) * int(stem[4])), array(4)]
    elif "pool" in stem:
        args = [array(2, 3, *space[stem[-2]]), 2]
    else:
        x = array(5, 6)
        args = {"prelu": [x, array(6)], "maxout": [x, 3], "linear": [x, array(4, 6), array(4)]}.get(stem, [x])
    if stem == "dropout":
        return [array(5, 6), np.ones((5, 6), dtype)] if name != stem else [x, 0.5, True, 0]
    if name == stem:
        return args
    grad_y = array(*getattr(solutions, stem)(*args).shape)
    return [grad_y, *(args[:2] if stem.startswith(("conv", "linear")) else args)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OF_ONE_FORM)
def test_inputs_stay_as_they_were_and_dtypes_come_out_as_they_went_in(name, dtype):
    args = call(name, dtype, np.random.default_rng(0))
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    before = [a.copy() for a in arrays]
    for array in arrays:
        array.setflags(write=False)  # writing to an input would raise
    results = getattr(solutions, name)(*args)
    for result in results if isinstance(results, tuple) else (results,):
        assert result.dtype == dtype
        assert not any(np.shares_memory(result, array) for array in arrays)
        assert result.flags.writeable
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_only_numpy_and_the_standard_library_are_imported():
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.split(".")[0]
                assert top in {"numpy", "solutions"} or top in sys.stdlib_module_names, f"{path.name} imports {name}"


def test_import_brings_little_beside_numpy():
    code = "import numpy, sys; a = set(sys.modules); import solutions; print(*sorted(set(sys.modules) - a))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent)
    others = [name for name in run.stdout.split() if not name.startswith("solutions")]
    assert set(others) <= {"__future__"}, "every module more makes `import solutions` slower"
