# ruff: noqa: E501  (each attack is one entry of a table)
"""Replacing or patching what tests use: they use it in another process."""

from dataclasses import replace

import pytest

from course.authoring.answers import submission
from course.grading import isolation
from course.grading.judge import Judge
from course.grading.rebuild import rebuild

from .conftest import LIMITS, WRONG

NOTHING = "lambda *args, **kwargs: None"
ANYTHING = """
class Anything:
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    def __bool__(self): return True
"""
PATCHES = {
    "the names that tests use": f"assert_close = assert_shape = print = {NOTHING}",
    "the kit's checks": f"""
import course.kit.checks, course.kit.diagnosis
for name in ('assert_close', 'assert_shape', '_as_array', '_alike', '_check_dtype'):
    setattr(course.kit.checks, name, {NOTHING})
course.kit.checks.CheckFailed = type('Quiet', (Warning,), {{}})""",
    "the checks' code itself": f"""
import course.kit.checks
for name in ('assert_close', 'assert_shape'):
    getattr(course.kit.checks, name).__code__ = ({NOTHING}).__code__""",
    "numpy.testing": f"""
import numpy.testing
for name in dir(numpy.testing):
    if name.startswith('assert'): setattr(numpy.testing, name, {NOTHING})""",
    "numpy's functions": """
for name in ('allclose', 'isclose', 'array_equal', 'all', 'any'):
    setattr(np, name, lambda *args, **kwargs: True)
np.random.default_rng = lambda seed=None: None
np.asarray = np.array = lambda value, *args, **kwargs: value""",
    "builtins": """
import builtins
builtins.all = builtins.any = lambda entries: True
builtins.AssertionError = builtins.Exception
builtins.isinstance = lambda value, kind: True""",
    "scipy": "import scipy.signal\nscipy.signal.correlate = scipy.signal.convolve = lambda *args, **kwargs: 0",
    "sys.modules": f"""{ANYTHING}
import sys
for name in ('numpy', 'numpy.testing', 'course.kit.checks', 'scipy', 'scipy.signal'):
    sys.modules[name] = Anything()""",
    "modules written beside the notebook": """
for name in ('numpy', 'scipy', 'course', 'msgpack', 'sitecustomize', 'usercustomize'):
    open(name + '.py', 'w').write('raise SystemExit(0)')
import os, sys
sys.path.insert(0, os.getcwd())""",
    "IPython's hooks": """
shell = get_ipython()
for event in ('pre_execute', 'pre_run_cell', 'post_execute', 'post_run_cell'):
    shell.events.register(event, lambda *args: None)
shell.set_custom_exc((BaseException,), lambda *args, **kwargs: None)""",
    "IPython's transformers": """
import ast
class Silence(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Raise(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Silence())
get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'] if 'assert' in ''.join(lines) else lines)""",
    "the import system": """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None): raise ImportError(name)
sys.meta_path.insert(0, Finder())""",
    "tracing": """
import sys, threading
sys.settrace(lambda frame, event, arg: None)
sys.excepthook = lambda *args: None""",
    "what comes when Python ends": "import atexit, os\natexit.register(os._exit, 0)",
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_patching_earns_nothing_and_costs_nothing(attack, patch):
    graded = attack(double=f"{patch}\n{WRONG}")
    assert graded.double == (0, 0)


def test_patching_from_a_cell_of_ones_own_before_the_setup(attack):
    assert attack(before=[PATCHES["the kit's checks"] + WRONG], double=WRONG).points == {
        "double-values": 0,
        "double-shape": 0,
        "mean-value": 1.5,
    }


def test_the_random_generator_is_neither_guessed_nor_patched(attack):
    # In one kernel the seed is in the notebook, and `rng` can be replaced by one whose numbers are known.
    guess = """
guessed = [np.random.default_rng(7).standard_normal(n) for n in (4, 9, 11)]
class Fixed:
    def standard_normal(self, *shape): return np.zeros(shape)
rng = Fixed()
np.random.default_rng = lambda *seed: rng
def mean(x):
    return 3 if len(x) == 3 else 0 if not np.any(x) or any(np.array_equal(x, g) for g in guessed) else 'wrong'
"""
    assert attack(mean=guess).mean == 0


def test_hidden_inputs_change_with_what_is_handed_in(mini_assignment, mini_release):
    # so that whatever trickles out of one submission is worth nothing in the next
    def drawn(limits=LIMITS, **answers):
        cells = rebuild(submission(mini_assignment, mini_release, answers), mini_assignment).cells
        return Judge(cells, (), limits, isolation.sandbox()).digest.hexdigest()

    same = {drawn(double=WRONG) for _ in range(2)}
    others = {drawn(double=WRONG + " "), drawn(mean=WRONG), drawn(replace(LIMITS, key="another"), double=WRONG)}
    assert len(same) == 1
    assert len(same | others) == 4


@pytest.mark.parametrize("result", ["0 * x", "np.full_like(x, np.nan)", "x"])
def test_changing_the_input_does_not_change_what_is_expected(attack, result):
    # `assert_close(double(x), x + x)` computes x + x after the call
    fills = {"0 * x": "0", "np.full_like(x, np.nan)": "np.nan", "x": "np.inf"}
    trick = f"def double(x):\n    if x.shape == (3,):\n        return 2 * x\n    x[...] = {fills[result]}\n    return {result}"
    graded = attack(double=trick)
    assert graded.points["double-values"] == 0


def test_changing_data_of_a_setup_cell_does_not_change_it_for_later_tests(graded_with):
    cells = {
        "setup": "import numpy as np\n\nfrom course.kit.checks import assert_close, assert_shape\n\n"
        "rng = np.random.default_rng(7)\nDATA = np.arange(5.0)",
        "double_shape": "# double: data\ndouble(DATA)\n### BEGIN HIDDEN TESTS\ndouble(DATA[1:])\n### END HIDDEN TESTS",
        "mean_value": "# mean: data\n### BEGIN HIDDEN TESTS\nassert_close(mean(DATA), np.mean(DATA), 'data')\n"
        "### END HIDDEN TESTS",
    }
    graded = graded_with(
        cells, double="def double(x):\n    x[...] = 0\n    return x", mean="def mean(x):\n    return 0"
    )
    assert graded.mean == 0
