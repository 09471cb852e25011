import itertools

import numpy as np
import pytest

from solutions import Parameter, optim

SHAPES = [(2, 3), (4,), (1, 2, 5)]
STEPS = 60


def rows(cls, **options):
    """Every combination of the options as one test row: (class, keywords)."""
    return [(cls, dict(zip(options, values, strict=True))) for values in itertools.product(*options.values())]


TABLE = [
    *rows("SGD", lr=[0.1], momentum=[0, 0.9], nesterov=[False], weight_decay=[0, 0.1]),
    *rows("SGD", lr=[0.1], momentum=[0.9], nesterov=[True], weight_decay=[0, 0.1]),
    *rows("Adagrad", lr=[0.1], lr_decay=[0, 0.3], weight_decay=[0, 0.1], initial_accumulator_value=[0, 0.5]),
    ("Adagrad", {"eps": 0.1}),
    *rows("RMSprop", lr=[0.02], alpha=[0.9], momentum=[0, 0.8], centered=[False, True], weight_decay=[0, 0.1]),
    ("RMSprop", {"eps": 0.1}),
    *rows("Adam", lr=[0.05], betas=[(0.9, 0.999), (0.5, 0.6)], weight_decay=[0, 0.1], amsgrad=[False, True]),
    ("Adam", {"eps": 0.1, "betas": [0.0, 0.0]}),
    *rows("AdamW", lr=[0.05], weight_decay=[0, 0.3], amsgrad=[False, True]),
    ("Adagrad", {}),
    ("RMSprop", {}),
    ("Adam", {}),
    ("AdamW", {}),
]
ids = [f"{name} {options}" for name, options in TABLE]


def bowl(value, t):
    """The gradient of a bowl that shakes: sizes differ from entry to entry and step to step, some entries are 0."""
    scale = 10.0 ** np.arange(-3, value.size - 3).reshape(value.shape)
    return (scale * (value - np.sin(t)) * (t % 3 > 0)).astype(value.dtype)


def walk(optimizer, parameters, steps=STEPS, schedule=None):
    path = []
    for t in range(steps):
        optimizer.zero_grad()
        for parameter in parameters:
            parameter.grad += bowl(parameter.value, t)
        optimizer.step()
        path.append([parameter.value.copy() for parameter in parameters])
    return path


@pytest.mark.parametrize(("name", "options"), TABLE, ids=ids)
def test_every_step_same_as_torch(name, options):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=shape) for shape in SHAPES]
    parameters = [Parameter(start) for start in starts]
    path = walk(getattr(optim, name)(parameters, **options), parameters)
    leaves = [torch.tensor(start, requires_grad=True) for start in starts]
    theirs = getattr(torch.optim, name)(leaves, **options)
    for t, values in enumerate(path):
        for leaf in leaves:
            leaf.grad = torch.tensor(bowl(leaf.detach().numpy(), t))
        theirs.step()
        for value, leaf in zip(values, leaves, strict=True):
            np.testing.assert_allclose(value, leaf.detach().numpy(), rtol=1e-9, atol=1e-11, err_msg=f"step {t + 1}")


@pytest.mark.parametrize(("name", "options"), TABLE, ids=ids)
def test_float32_stays_float32_in_values_gradients_and_state(name, options):
    parameters = [Parameter(np.ones(shape, np.float32)) for shape in SHAPES]
    optimizer = getattr(optim, name)(parameters, **options)
    optimizer.lr = np.float64(optimizer.lr)  # as a schedule written with NumPy would set it
    places = [(p.value, p.grad) for p in parameters]
    walk(optimizer, parameters, steps=3)
    for parameter, (value, grad) in zip(parameters, places, strict=True):
        assert parameter.value is value
        assert parameter.grad is grad
        assert value.dtype == grad.dtype == np.float32
    state = [a for held in vars(optimizer).values() if isinstance(held, list) for a in held if not hasattr(a, "value")]
    assert all(array.dtype == np.float32 for array in state)


@pytest.mark.parametrize(("name", "options"), TABLE, ids=ids)
def test_a_step_leaves_the_gradients_alone_and_stays_finite_where_they_are_zero(name, options):
    p = Parameter(np.zeros(3), grad=np.array([0.0, 1e-30, 1e30]))
    optimizer = getattr(optim, name)([p], **options)
    for _ in range(3):
        optimizer.step()
    np.testing.assert_array_equal(p.grad, [0.0, 1e-30, 1e30])
    assert np.isfinite(p.value).all()
    assert p.value[0] == 0


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_it_finds_the_minimum_of_a_bowl(name):
    p = Parameter(np.array([5.0, -3.0]))
    optimizer = getattr(optim, name)([p], lr=0.1 if name != "Adagrad" else 1.0)
    schedule = optim.CosineLR(optimizer, T_max=1000)
    for _ in range(1000):
        p.grad = 2 * (p.value - np.array([1.0, 2.0]))
        optimizer.step()
        schedule.step()
    np.testing.assert_allclose(p.value, [1, 2], atol=0.02)


def test_the_first_step_of_adam_by_hand():
    # m = 0.1 g, s = 0.001 g^2; corrected: g and g^2, so the step is lr g / (|g| + eps)
    p = Parameter(np.array([0.0, 0.0]), grad=np.array([4.0, -3.0]))
    optim.Adam([p], lr=0.5, eps=1.0).step()
    np.testing.assert_allclose(p.value, [-0.5 * 4 / 5, 0.5 * 3 / 4])


def test_amsgrad_after_a_burst_keeps_its_small_steps():
    p = Parameter(np.zeros(1))
    optimizer = optim.Adam([p], lr=0.1, betas=(0.0, 0.5), amsgrad=True)
    for gradient in [100.0] + [1.0] * 20:
        p.grad = np.array([gradient])
        before = p.value.copy()
        optimizer.step()
    # largest s = 0.5 * 100^2, so the last step is 0.1 * 1 / sqrt(5000)
    assert (before - p.value)[0] == pytest.approx(0.1 / 5000**0.5, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("Adam", {"betas": (0.9, 1.0)}, ValueError, r"betas\[1\] must be below 1, got 1.0"),
        ("Adam", {"betas": (-0.1, 0.9)}, ValueError, r"betas\[0\] must be at least 0, got -0.1"),
        ("Adam", {"betas": 0.9}, ValueError, r"betas must be two numbers \(beta1, beta2\), got 0.9"),
        ("Adam", {"betas": ("a", 0.9)}, TypeError, r"betas\[0\] must be a number, got 'a'"),
        ("AdamW", {"weight_decay": -1}, ValueError, "weight_decay must be at least 0, got -1"),
        ("Adam", {"amsgrad": 1}, TypeError, "amsgrad must be True or False, got 1"),
        ("Adam", {"eps": -1}, ValueError, "eps must be at least 0, got -1"),
        ("RMSprop", {"alpha": 1.5}, ValueError, "alpha must be at least 0 and at most 1, got 1.5"),
        ("RMSprop", {"momentum": -1}, ValueError, "momentum must be at least 0, got -1"),
        ("RMSprop", {"centered": None}, TypeError, "centered must be True or False, got None"),
        ("Adagrad", {"lr_decay": -1}, ValueError, "lr_decay must be at least 0, got -1"),
        ("Adagrad", {"initial_accumulator_value": -1}, ValueError, "initial_accumulator_value must be at least 0"),
        ("Adagrad", {"lr": -1}, ValueError, "lr must be at least 0, got -1"),
    ],
)
def test_options_out_of_range_are_refused_by_name(name, options, error, message):
    with pytest.raises(error, match=message):
        getattr(optim, name)([Parameter(np.ones(2))], **options)


@pytest.mark.parametrize(("name", "options"), TABLE, ids=ids)
def test_a_single_number_is_a_parameter_too(name, options):
    single, row = (Parameter(np.full(shape, 2.0), name="w") for shape in ((), (1,)))
    for parameter in (single, row):
        optimizer = getattr(optim, name)([parameter], **options)
        for t in range(3):
            parameter.grad[...] = 0.5 - t
            optimizer.step()
    assert single.value.shape == ()
    np.testing.assert_allclose(single.value, row.value[0], rtol=1e-12)
