import numpy as np
import pytest

from solutions import Parameter, optim

THEIRS = {"CosineLR": "CosineAnnealingLR", "ReduceOnPlateau": "ReduceLROnPlateau"}
TABLE = [
    ("StepLR", {"step_size": 3}),
    ("StepLR", {"step_size": 1, "gamma": 0.7}),
    ("StepLR", {"step_size": 4, "gamma": 1.5}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineLR", {"T_max": 7}),
    ("CosineLR", {"T_max": 30, "eta_min": 0.01}),
    ("CosineLR", {"T_max": 1}),
]
PLATEAU = [
    {},
    {"patience": 2, "factor": 0.5},
    {"patience": 0, "cooldown": 2},
    {"patience": 1, "threshold": 0.05},
    {"patience": 1, "threshold": 0.05, "threshold_mode": "abs"},
    {"mode": "max", "patience": 1, "factor": 0.3},
    {"mode": "max", "patience": 1, "threshold": 0.02, "threshold_mode": "abs"},
    {"patience": 0, "min_lr": 0.02},
    {"patience": 0, "factor": 0.9, "eps": 0.03},
]


def sgd(lr=0.1):
    return optim.SGD([Parameter(np.ones(2))], lr=lr)


def same_rates(name, options, metrics):
    torch = pytest.importorskip("torch")
    optimizer, leaf = sgd(), torch.nn.Parameter(torch.zeros(2))
    theirs = torch.optim.SGD([leaf], lr=0.1)
    schedule = getattr(optim, name)(optimizer, **options)
    their_schedule = getattr(torch.optim.lr_scheduler, THEIRS.get(name, name))(theirs, **options)
    rates = []
    for metric in metrics:
        theirs.step()
        their_schedule.step(*metric)
        schedule.step(*metric)
        rates.append((optimizer.lr, theirs.param_groups[0]["lr"]))
    ours, torchs = np.array(rates).T
    np.testing.assert_allclose(ours, torchs, rtol=1e-9, atol=1e-15)
    assert type(optimizer.lr) is float
    return ours


@pytest.mark.parametrize(("name", "options"), TABLE)
def test_same_rates_as_torch(name, options):
    assert len(set(same_rates(name, options, [()] * 30))) > 1


@pytest.mark.parametrize("options", PLATEAU)
@pytest.mark.parametrize("sign", [1, -1])
def test_reduce_on_plateau_same_as_torch(options, sign):
    rng = np.random.default_rng(0)
    metrics = np.concatenate([1 / np.arange(1, 20), np.full(15, 0.05), rng.uniform(0, 0.2, 20), [np.nan, np.nan, 0.01]])
    same_rates("ReduceOnPlateau", options, [(sign * metric,) for metric in metrics])


def test_reduce_on_plateau_by_hand():
    optimizer = sgd(lr=1.0)
    schedule = optim.ReduceOnPlateau(optimizer, factor=0.1, patience=2)
    rates = []
    for loss in [1.0, 1.0, 1.0, 1.0, 0.5, 0.6]:  # three epochs without a better loss are more than a patience of two
        schedule.step(loss)
        rates.append(round(optimizer.lr, 10))
    assert rates == [1.0, 1.0, 1.0, 0.1, 0.1, 0.1]
    assert schedule.best == 0.5


def test_a_metric_that_is_no_number_is_refused():
    schedule = optim.ReduceOnPlateau(sgd(lr=1.0))
    for metric in (None, "low", True):
        with pytest.raises(TypeError, match="metric must be a number, the epoch's loss or accuracy, got "):
            schedule.step(metric)
    assert schedule.epoch == 0


def test_two_schedules_work_on_one_optimizer():
    optimizer = sgd(lr=1.0)
    every_epoch, every_third = optim.ExponentialLR(optimizer, 0.5), optim.StepLR(optimizer, 3, 0.1)
    for _ in range(3):
        every_epoch.step()
        every_third.step()
    assert optimizer.lr == pytest.approx(0.5**3 * 0.1)


def test_it_prints_the_rate():
    schedule = optim.StepLR(sgd(), 1)
    schedule.step()
    assert repr(schedule) == "StepLR(lr=0.01 after 1 epochs)"


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("StepLR", {"step_size": 0}, ValueError, "step_size must be at least 1, got 0"),
        ("StepLR", {"step_size": 1.5}, TypeError, "step_size must be an integer, got 1.5"),
        ("ExponentialLR", {"gamma": -1}, ValueError, "gamma must be at least 0, got -1"),
        ("CosineLR", {"T_max": 0}, ValueError, "T_max must be at least 1, got 0"),
        ("CosineLR", {"T_max": 3, "eta_min": -1}, ValueError, "eta_min must be at least 0, got -1"),
        ("ReduceOnPlateau", {"mode": "low"}, ValueError, "mode must be one of 'min', 'max', got 'low'"),
        ("ReduceOnPlateau", {"factor": 1.0}, ValueError, "factor must be below 1, got 1.0"),
        ("ReduceOnPlateau", {"patience": -1}, ValueError, "patience must be at least 0, got -1"),
        ("ReduceOnPlateau", {"threshold_mode": "x"}, ValueError, "threshold_mode must be one of 'rel', 'abs'"),
    ],
)
def test_options_out_of_range_are_refused_by_name(name, options, error, message):
    with pytest.raises(error, match=message):
        getattr(optim, name)(sgd(), **options)
    with pytest.raises(TypeError, match=r"optimizer must be an Optimizer, got 0\.1"):
        getattr(optim, name)(0.1, **options)


def test_a_schedule_without_a_rule_says_so():
    with pytest.raises(NotImplementedError, match="Schedule has no rule; use StepLR"):
        optim.Schedule(sgd()).step()
