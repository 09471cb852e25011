"""What every public function says when it is called wrongly: the argument, what came and what was expected."""

import inspect
import re

import numpy as np
import pytest

import solutions as s
from solutions import Parameter, gradients, losses, optim

# those that take lengths, states, running moments or indices are tested in the files of their families
FUNCTIONS = [n for n in s.functional.__all__ if not re.match("batch_norm|layer_norm|embedding|rnn|lstm", n)]


def floats(*shape, dtype=np.float64):
    return np.ones(shape, dtype)


def good_call(name):
    """Return the arguments of a right call by name: each row below makes one of them wrong."""
    stem = name.removesuffix("_backward")
    dims = int(stem[-2]) if stem.endswith("d") and stem[-2].isdigit() else 0
    if stem.startswith("conv"):
        args = {"x": floats(2, 4, *(9, 8, 7)[:dims]), "weight": floats(6, 4, *(3, 2, 4)[:dims])}
    elif "pool" in stem:
        args = {"x": floats(2, 4, *(9, 8, 7)[:dims]), "kernel_size": 2}
    elif stem == "dropout" and name != stem:
        return {"grad_y": floats(5, 6), "mask": floats(5, 6)}
    else:
        args = {"x": floats(5, 6)}
        args |= {"prelu": {"weight": floats(6)}, "maxout": {"k": 3}, "linear": {"weight": floats(4, 6)}}.get(stem, {})
    return args if name == stem else {"grad_y": np.ones_like(getattr(s, stem)(**args)), **args}


def arrays_of(name):
    return [key for key, value in good_call(name).items() if isinstance(value, np.ndarray)]


def refuses(error, message, function, **arguments):
    with pytest.raises(error) as caught:
        function(**arguments)
    assert re.search(message, str(caught.value)), f"{message!r} not in: {caught.value}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_right_call_is_right(name):
    getattr(s, name)(**good_call(name))


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda a: a.tolist(), TypeError, r"{name} must be a NumPy array of float32 or float64, got a list; "),
        (lambda a: None, TypeError, r"{name} must be a NumPy array of float32 or float64, got None; convert it with "),
        (lambda a: "image", TypeError, r"{name} must be a NumPy array of float32 or float64, got 'image'"),
        (lambda a: 3, TypeError, r"{name} must be a NumPy array of float32 or float64, got 3"),
        (
            lambda a: a.astype(np.int64),
            TypeError,
            r"{name} must be floating point .*got int64.*{name}\.astype\(np\.float32",
        ),
        (lambda a: a > 0, TypeError, r"{name} must be floating point \(float32 or float64\), got bool"),
        (
            lambda a: a.astype(np.float16),
            TypeError,
            r"{name} must be floating point \(float32 or float64\), got float16",
        ),
        (
            lambda a: a.astype(complex),
            TypeError,
            r"{name} must be floating point \(float32 or float64\), got complex128",
        ),
        (lambda a: a.astype(object), TypeError, r"{name} must be floating point \(float32 or float64\), got object"),
    ],
    ids=["list", "None", "str", "int", "int64", "bool", "float16", "complex", "object"],
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_array_argument_is_a_float_array(name, wrong, error, message):
    for argument in arrays_of(name):
        call = good_call(name)
        call[argument] = wrong(call[argument])
        refuses(error, message.replace("{name}", argument), getattr(s, name), **call)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if len(arrays_of(name)) > 1])
def test_arrays_of_two_dtypes_are_refused(name):
    *_, last = arrays_of(name)
    call = good_call(name)
    call[last] = call[last].astype(np.float32)
    refuses(
        TypeError, r"(weight|grad_y) must have the dtype of (x|mask|weight|the output), float", getattr(s, name), **call
    )
    if "grad_y" in call and last != "grad_y":
        call = good_call(name)
        call["grad_y"] = call["grad_y"].astype(np.float32)
        refuses(TypeError, r"grad_y must have the dtype of .*, float64, got float32; ", getattr(s, name), **call)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.endswith("_backward")])
@pytest.mark.parametrize("broadcastable", [True, False])
def test_a_gradient_of_another_shape_is_never_broadcast(name, broadcastable):
    call = good_call(name)
    shape = call["grad_y"].shape
    call["grad_y"] = floats(1, *shape[1:]) if broadcastable else floats(*shape[:-1], shape[-1] + 1)
    got = re.escape(str(call["grad_y"].shape))
    refuses(
        ValueError, rf"grad_y must have the shape of .*{re.escape(str(shape))}, got {got}", getattr(s, name), **call
    )


WINDOWED = [name for name in FUNCTIONS if name.startswith("conv") or "pool" in name]
AXES = {1: "L", 2: "H, W", 3: "D, H, W"}


@pytest.mark.parametrize("name", WINDOWED)
def test_the_number_of_axes(name):
    dims = int(name.removesuffix("_backward")[-2])
    letters = rf"\(N, C, {AXES[dims]}\)"
    call = good_call(name)
    call["x"] = floats(*call["x"].shape[1:])
    refuses(
        ValueError,
        rf"x must have {dims + 2} axes {letters}, got shape .*batch axis: x\[None\]",
        getattr(s, name),
        **call,
    )
    call["x"] = floats(*(2,) * (dims + 3))
    refuses(ValueError, rf"x must have {dims + 2} axes {letters}, got shape ", getattr(s, name), **call)
    for axis in range(1, dims + 2):
        call = good_call(name)
        call["x"] = np.delete(call["x"], np.s_[:], axis=axis)
        letter = ("N, C, " + AXES[dims]).split(", ")[axis]
        refuses(ValueError, rf"x must not be empty along {letter} \(axis {axis}\), got shape", getattr(s, name), **call)


SIZES = [
    (name, argument, minimum)
    for name in WINDOWED
    for argument, minimum in [("stride", 1), ("padding", 0), ("dilation", 1), ("kernel_size", 1), ("groups", 1)]
    if argument in inspect.signature(getattr(s, name)).parameters
]


@pytest.mark.parametrize(("name", "argument", "minimum"), SIZES)
def test_sizes_are_whole_numbers_in_their_range(name, argument, minimum):
    dims = int(name.removesuffix("_backward")[-2])
    function, call = getattr(s, name), good_call(name)
    for value, shown in [
        (1.0, "1.0"),
        ("same", "'same'"),
        (True, "True"),
        (np.float64(2), "2.0"),
        (np.array([1]), "array"),
    ]:
        refuses(TypeError, rf"{argument} must be an integer.*got .*{shown}", function, **call | {argument: value})
    refuses(ValueError, rf"{argument} must be at least {minimum}, got -1", function, **call | {argument: -1})
    if minimum:
        refuses(ValueError, rf"{argument} must be at least {minimum}, got 0", function, **call | {argument: 0})
    if argument != "groups":
        letters = AXES[dims]
        message = rf"{argument} must be an integer or one for each of {letters}, got \({'1, ' * dims}1\)"
        refuses(ValueError, message, function, **call | {argument: (1,) * (dims + 1)})
        refuses(ValueError, rf"{argument} must be an integer or one .*, got \(\)", function, **call | {argument: ()})
        last = dims - 1
        values = (1,) * last + (1.5,)
        refuses(TypeError, rf"{argument}\[{last}\] must be an integer, got 1.5", function, **call | {argument: values})


CONVOLUTIONS = [name for name in FUNCTIONS if name.startswith("conv")]


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_channels_filters_and_groups(name):
    function, call = getattr(s, name), good_call(name)
    dims = call["x"].ndim - 2
    message = (
        r"weight must have C/groups = 4/1 = 4 channels on axis 1, got shape \(6, 3, .*usual cause: .*channels-first"
    )
    refuses(ValueError, message, function, **call | {"weight": floats(6, 3, *(2,) * dims)})
    message = r"weight must have C/groups = 4/2 = 2 channels on axis 1, got shape \(6, 4"
    refuses(ValueError, message, function, **call | {"groups": 2})
    message = "groups must divide the channels of x and the filters of weight: x has 4 channels, weight 6 .* is 3"
    refuses(ValueError, message, function, **call | {"groups": 3})
    message = "x has 4 channels, weight 6 filters, groups is 4"
    refuses(ValueError, message, function, **call | {"groups": 4})
    message = rf"weight must have {dims + 2} axes \(F, C/groups, K.*\), got shape \(6, 4\)"
    refuses(ValueError, message, function, **call | {"weight": floats(6, 4)})
    message = r"weight must not be empty along F \(axis 0\)"
    refuses(ValueError, message, function, **call | {"weight": floats(0, 4, *(2,) * dims)})
    message = r"weight must not be empty along K. \(axis 2\)"
    refuses(ValueError, message, function, **call | {"weight": floats(6, 4, 0, *(2,) * (dims - 1))})


@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv3d"])
def test_the_bias_of_a_convolution(name):
    function, call = getattr(s, name), good_call(name)
    message = r"bias must have one entry for each filter of weight, \(6,\), got "
    refuses(ValueError, message + r"\(1,\)", function, **call, bias=floats(1))
    refuses(ValueError, message + r"\(6, 1\)", function, **call, bias=floats(6, 1))
    refuses(
        TypeError,
        "bias must have the dtype of x, float64, got float32",
        function,
        **call,
        bias=floats(6, dtype=np.float32),
    )
    refuses(TypeError, "bias must be a NumPy array of float32 or float64, got 0; ", function, **call, bias=0)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_kernel_larger_than_the_padded_input(name):
    function, call = getattr(s, name), good_call(name)
    axis = "L" if name.startswith("conv1d") else "H" if name.startswith("conv2d") else "D"
    message = rf"weight does not fit into x: along {axis} the kernel spans 13, x with its padding has 11"
    with pytest.raises(ValueError, match=message) as caught:
        function(**call, dilation=6, padding=1)
    text = str(caught.value)
    for line in (
        "  x         (9,",
        "  kernel    (3,",
        "  stride    (1,",
        "  padding   (1,",
        "  dilation  (6,",
        "usual cause: ",
    ):
        assert f"\n{line}" in text


@pytest.mark.parametrize("name", [name for name in WINDOWED if "pool" in name])
def test_the_window_of_a_pooling(name):
    function, call = getattr(s, name), good_call(name)
    refuses(
        ValueError,
        "kernel_size does not fit into x: along . the kernel spans 14, x with its padding has ",
        function,
        **call | {"kernel_size": 14},
    )
    message = r"padding must be at most half of kernel_size \(3,.*\), got \(2,"
    refuses(ValueError, message, function, **call | {"kernel_size": 3, "padding": 2})
    refuses(
        ValueError,
        r"padding must be at most half of kernel_size \(1,",
        function,
        **call | {"kernel_size": 1, "padding": 1},
    )


ROWS = [
    (s.leaky_relu, {"x": floats(2), "slope": "steep"}, TypeError, "slope must be a number, got 'steep'"),
    (
        s.leaky_relu,
        {"x": floats(2), "slope": floats(2)},
        TypeError,
        r"slope must be a number, got an array .*shape \(2,\)",
    ),
    (s.leaky_relu, {"x": floats(2), "slope": np.inf}, ValueError, "slope must be finite, got inf"),
    (
        s.leaky_relu_backward,
        {"grad_y": floats(2), "x": floats(2), "slope": None},
        TypeError,
        "slope must be a number, got None",
    ),
    (
        s.prelu,
        {"x": floats(2, 3), "weight": floats(2)},
        ValueError,
        r"weight must have shape \(1,\) or .*\(3,\).*got \(2,\)",
    ),
    (
        s.prelu,
        {"x": floats(5), "weight": floats(5)},
        ValueError,
        r"weight must have shape \(1,\) or .*\(1,\).*got \(5,\)",
    ),
    (
        s.prelu,
        {"x": floats(2, 3), "weight": floats(3, 1)},
        ValueError,
        r"weight must have 1 axes \(C\), got shape \(3, 1\)",
    ),
    (s.prelu, {"x": floats(2, 0), "weight": floats(0)}, ValueError, r"weight must not be empty along C"),
    (
        s.prelu_backward,
        {"grad_y": floats(2, 3), "x": floats(2, 3), "weight": floats(2)},
        ValueError,
        r"weight must have shape \(1,\) or one entry for each channel of x, \(3,\) for x of shape \(2, 3\), got \(2,\)",
    ),
    (s.maxout, {"x": floats(2, 6), "k": 4}, ValueError, r"k must divide x's 6 columns \(x has shape \(2, 6\)\), got 4"),
    (s.maxout, {"x": floats(2, 6), "k": 0}, ValueError, "k must be at least 1, got 0"),
    (s.maxout, {"x": floats(2, 6), "k": 2.0}, TypeError, "k must be an integer, got 2.0"),
    (s.maxout, {"x": floats(6), "k": 2}, ValueError, r"x must have 2 axes \(N, m k\), got shape \(6,\); .*x\[None\]"),
    (
        s.maxout,
        {"x": floats(2, 0), "k": 2},
        ValueError,
        r"x must not be empty along m k \(axis 1\), got shape \(2, 0\)",
    ),
    (s.maxout_backward, {"grad_y": floats(2, 3), "x": floats(2, 6), "k": 4}, ValueError, "k must divide x's 6 columns"),
    (
        s.linear,
        {"x": floats(6), "weight": floats(4, 6)},
        ValueError,
        r"x must have at least 2 axes .*\(6,\); .*x\[None\]",
    ),
    (
        s.linear,
        {"x": floats(2, 5), "weight": floats(4, 6)},
        ValueError,
        r"x must have I = 6 features on its last axis, got .*5",
    ),
    (s.linear, {"x": floats(2, 4), "weight": floats(4, 6)}, ValueError, r"usual cause: the weight is transposed"),
    (
        s.linear,
        {"x": floats(2, 6), "weight": floats(6)},
        ValueError,
        r"weight must have 2 axes \(O, I\), got shape \(6,\)",
    ),
    (s.linear, {"x": floats(2, 0), "weight": floats(4, 0)}, ValueError, r"weight must not be empty along I"),
    (
        s.linear,
        {"x": floats(2, 6), "weight": floats(4, 6), "bias": floats(1)},
        ValueError,
        r"bias must have one entry for each row of weight, \(4,\), got \(1,\)",
    ),
    (
        s.linear,
        {"x": floats(2, 6), "weight": floats(4, 6), "bias": [0.0] * 4},
        TypeError,
        "bias must be a NumPy array .* a list",
    ),
    (
        s.linear_backward,
        {"grad_y": floats(2, 4), "x": floats(2, 4), "weight": floats(4, 6)},
        ValueError,
        "x must have I = 6 features on its last axis",
    ),
    *(
        (getattr(s, name), {**arguments, "axis": axis}, error, message)
        for name in ("softmax", "log_softmax", "softmax_backward", "log_softmax_backward")
        for arguments in [{"grad_y": floats(2, 3), "x": floats(2, 3)} if "backward" in name else {"x": floats(2, 3)}]
        for axis, error, message in [
            (2, ValueError, r"axis must be at most 1 for x of shape \(2, 3\), got 2"),
            (-3, ValueError, "axis must be at least -2, got -3"),
            (None, TypeError, "axis must be an integer, got None"),
            ((0, 1), TypeError, r"axis must be an integer, got the tuple \(0, 1\)"),
        ]
    ),
    (s.softmax, {"x": floats(2, 0)}, ValueError, r"x must not be empty along axis -1, got shape \(2, 0\)"),
    (s.log_softmax, {"x": floats()}, ValueError, "x must have at least one axis, got a single number"),
    (s.dropout, {"x": floats(2), "p": 1.5}, ValueError, "p must be at least 0 and at most 1, got 1.5"),
    (s.dropout, {"x": floats(2), "p": -0.1}, ValueError, "p must be at least 0 and at most 1, got -0.1"),
    (s.dropout, {"x": floats(2), "p": np.nan}, ValueError, "p must be at least 0 and at most 1, got nan"),
    (s.dropout, {"x": floats(2), "p": "half"}, TypeError, "p must be a number, got 'half'"),
    (s.dropout, {"x": floats(2), "training": 3}, TypeError, "training must be True or False, got 3"),
    (
        s.dropout,
        {"x": floats(2), "rng": 1.5},
        TypeError,
        "rng must be a numpy.random.Generator, an integer seed or None, got 1.5",
    ),
    (s.dropout, {"x": floats(2), "rng": True}, TypeError, "rng must be a numpy.random.Generator, .*got True"),
    (s.dropout, {"x": floats(2), "rng": -1}, ValueError, "rng must be at least 0, got -1"),
]


@pytest.mark.parametrize(("function", "arguments", "error", "message"), ROWS)
def test_what_else_can_be_wrong(function, arguments, error, message):
    refuses(error, message, function, **arguments)


def test_python_floats_and_numpy_numbers_are_no_images():
    refuses(ValueError, r"x must have 4 axes \(N, C, H, W\), got shape \(\)", s.max_pool2d, x=1.0, kernel_size=2)


def test_long_options_are_taken_from_tuples_and_lists_only():
    x, weight = floats(1, 1, 5, 6), floats(1, 1, 2, 3)
    refuses(
        TypeError,
        "stride must be an integer or one for each of H, W, got a dict",
        s.conv2d,
        x=x,
        weight=weight,
        stride={},
    )


PAIRS = [losses.MSELoss, losses.BCELoss, losses.BCEWithLogitsLoss, losses.MultiLabelLoss]
CLASSES = [losses.CrossEntropyLoss, losses.NLLLoss]


@pytest.mark.parametrize("cls", [*PAIRS, *CLASSES])
def test_losses_check_reduction_and_prediction(cls):
    for wrong, shown in [("none", "'none'"), (None, "None"), (True, "True")]:
        refuses(ValueError, f"reduction must be one of 'mean', 'sum', got {shown}", cls, reduction=wrong)
    target = floats(2, 3) if cls in PAIRS else np.zeros(2, int)
    for wrong, shown in [([[0.5] * 3] * 2, "a list"), (None, "None")]:
        message = f"prediction must be a NumPy array of float32 or float64, got {shown}"
        refuses(TypeError, message, cls().forward, prediction=wrong, target=target)
    message = "prediction must be floating point .*got int64"
    refuses(TypeError, message, cls().forward, prediction=np.ones((2, 3), int), target=target)


@pytest.mark.parametrize("cls", PAIRS)
def test_losses_never_broadcast_a_target(cls):
    call = {"prediction": floats(2, 3)}
    for shape in [(1, 3), (2, 1), (3,), (), (2, 3, 1)]:
        message = rf"target must have the shape of prediction, \(2, 3\), got {re.escape(str(shape))}"
        refuses(ValueError, message, cls().forward, **call, target=floats(*shape))
    message = "target must have the dtype of prediction, float64, got float32"
    refuses(TypeError, message, cls().forward, **call, target=floats(2, 3, dtype=np.float32))
    refuses(TypeError, "target must be a NumPy array .*, got a list", cls().forward, **call, target=[[1.0] * 3] * 2)
    if cls is losses.MSELoss:
        refuses(TypeError, "target must be floating point .*int64", cls().forward, **call, target=np.ones((2, 3), int))
    else:
        message = r"target must have the shape of prediction, \(2, 3\), got \(2,\)"
        refuses(ValueError, message, cls().forward, **call, target=np.ones(2, int))


@pytest.mark.parametrize("cls", [losses.BCELoss, losses.BCEWithLogitsLoss, losses.MultiLabelLoss])
@pytest.mark.parametrize("wrong", [1.5, -0.5, np.nan, 2])
def test_yes_or_no_lies_between_zero_and_one(cls, wrong):
    target = np.array([[0, 1, wrong]])
    shown = float(wrong)
    refuses(
        ValueError,
        f"target must lie between 0 and 1, got {shown}",
        cls().forward,
        prediction=floats(1, 3),
        target=target,
    )


def test_bce_takes_probabilities_only():
    for wrong in (1.5, -0.5, np.nan):
        message = (
            f"prediction must hold probabilities from 0 to 1, got {wrong}; usual cause: logits, .*BCEWithLogitsLoss"
        )
        call = {"prediction": np.array([0.5, wrong]), "target": np.zeros(2)}
        refuses(ValueError, message, losses.BCELoss().forward, **call)


def test_multi_label_takes_examples_by_labels():
    message = r"prediction must have 2 axes \(N, K\), got shape \(3,\)"
    refuses(ValueError, message, losses.MultiLabelLoss().forward, prediction=floats(3), target=floats(3))


@pytest.mark.parametrize("cls", CLASSES)
def test_class_indices(cls):
    def forward(target, prediction=None):
        return cls().forward(floats(2, 3) if prediction is None else prediction, target)

    for wrong, shown in [(np.array([0, 3]), 3), (np.array([-1, 0]), -1), (np.array([0, 255], np.uint8), 255)]:
        message = f"target must hold class indices from 0 to 2, got {shown}; usual cause: classes counted from 1"
        refuses(ValueError, message, forward, target=wrong)
    for shape in [(3,), (2, 1), (2, 3), ()]:
        message = rf"target must have one class index for each example, \(2,\), got {re.escape(str(shape))}"
        refuses(ValueError, message, forward, target=np.zeros(shape, int))
    message = r"target must have one class index for each example, \(2, 4\), got \(2,\)"
    refuses(ValueError, message, forward, target=np.zeros(2, int), prediction=floats(2, 3, 4))
    for wrong in ([0, 1], None, np.array([True, False]), np.array(["a", "b"])):
        refuses(TypeError, r"target must be an? .*class indices.*, got ", forward, target=wrong)
    for shape in [(3,), (2, 0)]:
        message = rf"prediction must have shape \(N, K\) or \(N, K, ...\) with K >= 1, got {re.escape(str(shape))}"
        refuses(ValueError, message, forward, target=np.zeros(2, int), prediction=floats(*shape))


def test_probabilities_of_classes():
    forward = losses.CrossEntropyLoss().forward
    refuses(
        ValueError,
        r"target must have the shape of prediction, \(2, 3\), got \(2,\)",
        forward,
        prediction=floats(2, 3),
        target=floats(2),
    )
    refuses(
        ValueError,
        "target must lie between 0 and 1, got 1.5",
        forward,
        prediction=floats(1, 1),
        target=floats(1, 1) * 1.5,
    )
    refuses(
        TypeError,
        "target must be a NumPy array of integers",
        losses.NLLLoss().forward,
        prediction=floats(2, 3),
        target=floats(2, 3),
    )


@pytest.mark.parametrize("cls", [optim.SGD, optim.Optimizer])
def test_optimizers_check_their_parameters(cls):
    p = Parameter(floats(2), name="weight")
    for wrong, error, message in [
        ([], ValueError, r"parameters must hold at least one Parameter, got none; pass model\.parameters\(\)"),
        (p, TypeError, "parameters must be a list of Parameter, got a Parameter"),
        (None, TypeError, "parameters must be a list of Parameter, got None"),
        ([p, floats(2)], TypeError, "parameters must hold Parameter objects, got an array of float64 .* at position 1"),
        ([p, p], ValueError, "parameters must hold each parameter once, got 'weight' twice"),
    ]:
        refuses(error, message, cls, parameters=wrong, lr=0.1)
    refuses(ValueError, "lr must be at least 0, got -0.1", cls, parameters=[p], lr=-0.1)
    refuses(ValueError, "lr must be at least 0, got nan", cls, parameters=[p], lr=np.nan)
    refuses(TypeError, "lr must be a number, got '0.1'", cls, parameters=[p], lr="0.1")


def test_sgd_checks_its_options():
    call = {"parameters": [Parameter(floats(2))], "lr": 0.1}
    refuses(ValueError, "momentum must be at least 0, got -1", optim.SGD, **call, momentum=-1)
    refuses(ValueError, "weight_decay must be at least 0, got -1", optim.SGD, **call, weight_decay=-1)
    refuses(TypeError, "nesterov must be True or False, got 0.9", optim.SGD, **call, nesterov=0.9)
    refuses(ValueError, "nesterov needs momentum > 0, got momentum=0", optim.SGD, **call, nesterov=True)
    with pytest.raises(NotImplementedError, match=r"Optimizer has no step\(\); use SGD"):
        optim.Optimizer(**call).step()


def test_gradient_checks_check_their_arguments():
    def square(v):
        return v * v

    numerical, check = gradients.numerical_gradient, gradients.check_gradient
    refuses(
        ValueError,
        r"f must return one number, got an array .*\(3,\); .*a sum is missing",
        numerical,
        f=square,
        x=floats(3),
    )
    refuses(ValueError, "f must return one number, got None", numerical, f=lambda v: None, x=floats(3))
    refuses(TypeError, "x must be floating point .*got int64", numerical, f=np.sum, x=np.arange(3))
    refuses(ValueError, "eps must be at least .*, got 0", numerical, f=np.sum, x=floats(3), eps=0)
    refuses(TypeError, "eps must be a number, got 'small'", check, f=np.sum, df=np.ones_like, x=floats(3), eps="small")
    refuses(TypeError, "x must be a NumPy array .*got a list", check, f=np.sum, df=np.ones_like, x=[1.0])
    refuses(ValueError, r"df must return the shape of x, \(3,\), got \(\)", check, f=np.sum, df=np.sum, x=floats(3))
    refuses(ValueError, "samples must be at least 1, got 0", check, f=np.sum, df=np.ones_like, x=floats(3), samples=0)
    refuses(TypeError, "rng must be a numpy.random.Generator", check, f=np.sum, df=np.ones_like, x=floats(3), rng="a")
    refuses(TypeError, "x must be a NumPy array .*got a list", gradients.check_layer, layer=_Nothing(), x=[1.0])
    refuses(ValueError, "samples must be at least 1", gradients.check_layer, layer=_Nothing(), x=floats(3), samples=0)


class _Nothing:
    def forward(self, x):
        return x

    def backward(self, grad_output):
        return grad_output

    def parameters(self):
        return []
