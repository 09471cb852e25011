import sys
from contextlib import nullcontext

import numpy as np
import pytest

from solutions.layers import Conv1d, Dropout, Flatten, Linear, ReLU, Sequential
from solutions.losses import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from solutions.optim import SGD, Adam, ExponentialLR, ReduceOnPlateau, StepLR
from solutions.training import EarlyStopping, History, fit, minibatches, no_grad_x, one_hot, train_test_split


def clouds(n=60, classes=3, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    return (rng.normal(size=(n, 4)) + 2 * np.eye(classes, 4)[y]).astype(dtype), y


def network(classes=3, dtype=np.float32, dropout=0.0, rng=0):
    rng = np.random.default_rng(rng)
    hidden = [Linear(4, 8, rng=rng, dtype=dtype), ReLU(), Dropout(dropout, rng=rng)]
    return Sequential(*hidden, Linear(8, classes, rng=rng, dtype=dtype))


def run(epochs=3, model=None, lr=0.05, **options):
    model = network() if model is None else model
    optimizer = Adam(model.parameters(), lr)
    schedule = options.pop("schedule", None)
    options = {"train": clouds(), "validation": clouds(25, seed=1), "batch_size": 16, "rng": 0} | options
    history = fit(
        model,
        CrossEntropyLoss(),
        optimizer,
        epochs=epochs,
        schedule=schedule and schedule(optimizer),
        progress=False,
        **options,
    )
    return model, history


def weights(model):
    return np.concatenate([p.value.ravel() for p in model.parameters()])


def accuracy(model, X, y):
    return float(np.mean(model(X).argmax(axis=1) == y))


class Script:
    """A loss whose evaluations on the 25 validation examples are written down beforehand."""

    def __init__(self, values, then=None):
        self.values, self.then, self.inner = iter(values), then, CrossEntropyLoss()

    def forward(self, prediction, target):
        loss = self.inner.forward(prediction, target)
        if len(target) != 25:
            return loss
        value = next(self.values, None)
        if value is None:
            raise self.then
        return value

    def backward(self):
        return self.inner.backward()


def scripted(values, epochs, then=None, **options):
    """Train with scripted validation losses; return model, history and the weights after each epoch."""
    model, seen = network(), []
    optimizer = SGD(model.parameters(), lr=0.1)

    class Watch(StepLR):
        def step(self):
            seen.append(weights(model).copy())

    options = {"schedule": Watch(optimizer, 1)} | options
    history = fit(
        model,
        Script(values, then),
        optimizer,
        clouds(),
        clouds(25, seed=1),
        epochs=epochs,
        rng=0,
        progress=False,
        **options,
    )
    return model, history, seen


def test_a_run_learns_and_tells_how_it_went():
    model, history = run(epochs=30)
    assert history.epochs == list(range(1, 31))
    assert len(history) == 30
    assert history.stopped == "finished"
    for values in (history.train_loss, history.validation_loss, history.train_accuracy, history.validation_accuracy):
        assert len(values) == 30
        assert all(type(value) is float for value in values)
    assert history.train_loss[-1] < history.train_loss[0] / 3
    assert history.best_epoch == 1 + int(np.argmin(history.validation_loss))
    assert history.lr == [0.05] * 30
    assert all(seconds > 0 for seconds in history.seconds)
    X, y = clouds(25, seed=1)
    assert history.validation_accuracy[-1] == pytest.approx(accuracy(model, X, y))
    assert history.validation_loss[-1] == pytest.approx(CrossEntropyLoss()(model(X), y), rel=1e-6)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_same_seeds_give_the_same_bits(dropout):
    def augment(X, rng):
        return X + rng.normal(0, 0.1, X.shape).astype(X.dtype)

    def once(rng):
        return run(model=network(dropout=dropout), augment=augment, early_stopping=2, rng=rng)

    (first, a), (second, b), (third, c) = once(3), once(np.random.default_rng(3)), once(4)
    assert weights(first).tobytes() == weights(second).tobytes()
    assert (a.train_loss, a.validation_loss) == (b.train_loss, b.validation_loss)
    assert weights(first).tobytes() != weights(third).tobytes()
    assert a.train_loss != c.train_loss


def test_numpys_global_state_is_left_alone():
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002 - it is the state under test
    run(rng=None)
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


def test_one_epoch_of_full_batches_is_one_step_of_gradient_descent():
    X, y = clouds()
    ours, byhand = network(), network()
    fit(ours, CrossEntropyLoss(), SGD(ours.parameters(), 0.1), (X, y), epochs=1, batch_size=60, progress=False)
    loss = CrossEntropyLoss()
    loss(byhand(X), y)
    byhand.backward(loss.backward())
    SGD(byhand.parameters(), 0.1).step()
    np.testing.assert_allclose(weights(ours), weights(byhand), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_goes_through_parameters_gradients_and_optimizer(dtype):
    X, y = clouds(dtype=dtype)
    model = network(dtype=dtype, dropout=0.2)
    for optimizer in (SGD(model.parameters(), 0.1, momentum=0.9), Adam(model.parameters(), 0.01)):
        seen = []
        fit(
            model,
            CrossEntropyLoss(),
            optimizer,
            (X, y),
            validation=(X, y),
            epochs=2,
            schedule=ExponentialLR(optimizer, 0.9),
            early_stopping=1,
            rng=0,
            progress=False,
            augment=lambda x, rng, seen=seen: seen.append(x.dtype) or x,
        )
        assert set(seen) == {np.dtype(dtype)}
        arrays = [a for p in model.parameters() for a in (p.value, p.grad)]
        arrays += [a for held in vars(optimizer).values() if isinstance(held, list) for a in held]
        assert {a.dtype for a in arrays if isinstance(a, np.ndarray)} == {np.dtype(dtype)}
        assert model(X).dtype == dtype


def test_the_last_short_batch_counts_by_its_size():
    X, y = clouds(n=50)
    model = network()
    history = fit(
        model, CrossEntropyLoss(), SGD(model.parameters(), 0.0), (X, y), epochs=1, batch_size=16, progress=False
    )
    assert history.train_loss[0] == pytest.approx(CrossEntropyLoss()(model(X), y), rel=1e-5)
    assert history.train_accuracy[0] == pytest.approx(accuracy(model, X, y))
    assert history.validation_loss == history.validation_accuracy == []
    total = fit(
        model, CrossEntropyLoss("sum"), SGD(model.parameters(), 0.0), (X, y), epochs=1, batch_size=16, progress=False
    )
    assert total.train_loss[0] == pytest.approx(CrossEntropyLoss("sum")(model(X), y), rel=1e-5)


@pytest.mark.parametrize(("loss", "K"), [(MSELoss(), 3), (BCEWithLogitsLoss(), 3), (CrossEntropyLoss(), 3)])
def test_other_targets_have_no_accuracy(loss, K):
    X, y = clouds()
    model = network(K)
    history = fit(
        model, loss, SGD(model.parameters(), 0.1), (X, one_hot(y, K)), (X, one_hot(y, K)), epochs=2, progress=False
    )
    assert history.train_accuracy == history.validation_accuracy == []
    assert "accuracy" not in repr(history)


def test_validation_is_made_in_eval_mode_and_leaves_no_trace_in_the_weights():
    with_validation, _ = run(model=network(dropout=0.5))
    without, history = run(model=network(dropout=0.5), validation=None)
    assert weights(with_validation).tobytes() == weights(without).tobytes()
    assert history.best_epoch == 1 + int(np.argmin(history.train_loss))
    assert not any(layer.training for layer in without._tree())


def test_early_stopping_ends_the_run_and_restores_the_best_weights():
    model, history, seen = scripted([3.0, 2.0, 1.0, 1.5, 1.0, 1.1], epochs=50, early_stopping=3)
    assert history.stopped == "early stopping"
    assert (len(history), history.best_epoch) == (6, 3)
    np.testing.assert_array_equal(weights(model), seen[2])
    assert not np.array_equal(weights(model), seen[-1])


def test_early_stopping_also_restores_when_the_epochs_run_out():
    model, history, seen = scripted([3.0, 1.0, 2.0], epochs=3, early_stopping=3)
    assert (history.stopped, history.best_epoch) == ("finished", 2)
    np.testing.assert_array_equal(weights(model), seen[1])


def test_without_early_stopping_the_last_weights_stay():
    model, history, seen = scripted([3.0, 1.0, 2.0], epochs=3)
    assert history.best_epoch == 2
    np.testing.assert_array_equal(weights(model), seen[2])


def test_a_better_loss_by_less_than_min_delta_does_not_count():
    _, history, _ = scripted([1.0, 0.95, 0.92, 0.5], epochs=4, early_stopping=EarlyStopping(2, min_delta=0.1))
    assert (len(history), history.best_epoch) == (3, 1)


def test_early_stopping_watches_the_training_loss_where_there_is_no_validation():
    _, history = run(epochs=500, validation=None, early_stopping=5, lr=0.2)
    assert history.stopped == "early stopping"
    assert history.best_epoch == 1 + int(np.argmin(history.train_loss)) == len(history) - 5


@pytest.mark.parametrize("early_stopping", [None, 5])
def test_ctrl_c_leaves_the_model_usable_and_returns_the_history(early_stopping):
    model, history, seen = scripted([3.0, 1.0, 2.0], epochs=50, then=KeyboardInterrupt(), early_stopping=early_stopping)
    assert history.stopped == "interrupted"
    assert len(history) == 3
    assert history.best_epoch == 2
    assert not any(layer.training for layer in model._tree())
    assert accuracy(model, *clouds()) > 0.3
    if early_stopping:
        np.testing.assert_array_equal(weights(model), seen[1])
    assert "3 epochs" in repr(history)
    assert "interrupted" in repr(history)


@pytest.mark.parametrize("place", ["augment", "backward", "step"])
def test_ctrl_c_in_the_middle_of_the_first_epoch(place, monkeypatch):
    calls = []

    def interrupt(*args):
        calls.append(place)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return args[0] if place == "augment" else None

    model = network()
    if place == "backward":
        monkeypatch.setattr(model, "backward", interrupt)
    if place == "step":
        monkeypatch.setattr(Adam, "step", interrupt)
    model, history = run(model=model, augment=interrupt if place == "augment" else None)
    assert history.stopped == "interrupted"
    assert (len(history), history.best_epoch) == (0, None)
    assert not model.training
    assert repr(history) == "History: 0 epochs in 0.0 s, interrupted"
    model(clouds()[0])


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("first", [Linear(4, 5, rng=0), Conv1d(1, 5, 4, rng=0)], ids=["linear", "convolution"])
def test_only_while_fit_runs_the_first_layer_leaves_out_the_gradient_by_the_examples(first, broken, monkeypatch):
    returned = []
    model = Sequential(Sequential(first), Flatten(), Linear(5, 3, rng=1))

    def watched(grad_output):
        returned.append(Sequential.backward(model, grad_output))
        if broken and len(returned) == 1:
            raise ZeroDivisionError

    monkeypatch.setattr(model, "backward", watched)
    X, y = np.ones((6, 4) if isinstance(first, Linear) else (6, 1, 4), np.float32), np.arange(6) % 3
    with pytest.raises(ZeroDivisionError) if broken else nullcontext():
        fit(model, CrossEntropyLoss(), SGD(model.parameters(), 0.1), (X, y), epochs=1, batch_size=6, progress=False)
    assert np.abs(first.weight.grad).max() > 0
    model(X)
    model.backward(np.ones((6, 3), np.float32))
    assert returned[0] is None
    assert returned[1].shape == X.shape


def test_a_chain_that_does_more_with_its_gradient_gets_it():
    class Block(Sequential):
        def _forward(self, x):
            y, kept = super()._forward(x)
            return x + y, kept

        def _backward(self, grad_output):
            return grad_output + super()._backward(grad_output)

    X, y = np.ones((6, 4), np.float32), np.arange(6) % 3
    for model in (Sequential(Block(Linear(4, 4, rng=0)), Linear(4, 3, rng=1)), Block(Linear(4, 4, rng=0))):
        fit(model, CrossEntropyLoss(), SGD(model.parameters(), 0.1), (X, y), epochs=1, progress=False)
        assert model.backward(model(X)).shape == X.shape


def test_a_loop_of_ones_own_may_leave_the_gradient_by_the_examples_out():
    layer, x = Linear(4, 3, rng=0), np.ones((2, 4), np.float32)
    y = layer(x)
    with no_grad_x(layer):
        assert layer.backward(y) is None
    assert layer.backward(y).shape == x.shape
    with no_grad_x("no layer"):
        pass


def test_another_error_passes_through_with_the_model_in_eval_mode():
    model = network()
    with pytest.raises(ZeroDivisionError):
        run(model=model, augment=lambda X, rng: 1 / 0)
    assert not model.training


@pytest.mark.parametrize("early_stopping", [None, 5])
def test_a_run_that_diverges_ends_and_says_so(early_stopping):
    model = network()
    with np.errstate(all="ignore"):
        history = fit(
            model,
            MSELoss(),
            SGD(model.parameters(), 5.0),
            (clouds()[0] * 100, one_hot(clouds()[1])),
            epochs=50,
            rng=0,
            early_stopping=early_stopping,
            progress=False,
        )
    assert history.stopped == "diverged"
    assert len(history) < 50


def test_schedules_step_once_an_epoch():
    _, history = run(epochs=5, schedule=lambda o: StepLR(o, 2, 0.5), lr=0.4)
    assert history.lr == [0.4, 0.4, 0.2, 0.2, 0.1]


@pytest.mark.parametrize("validation", [clouds(25, seed=1), None])
def test_reduce_on_plateau_gets_the_validation_loss_or_else_the_training_loss(validation):
    seen = []

    class Watch(ReduceOnPlateau):
        def step(self, metric):
            seen.append(metric)
            super().step(metric)

    _, history = run(epochs=4, schedule=Watch, validation=validation)
    assert seen == (history.train_loss if validation is None else history.validation_loss)


def test_augment_sees_training_batches_only_and_the_data_stay_as_they_were():
    X, y = clouds()
    before, sizes = X.copy(), []

    def augment(batch, rng):
        sizes.append(len(batch))
        batch += rng.normal(0, 1, batch.shape).astype(batch.dtype)
        return batch

    run(epochs=2, train=(X, y), augment=augment)
    assert sizes == [16, 16, 16, 12] * 2
    np.testing.assert_array_equal(X, before)


def test_progress_is_a_bar_where_tqdm_is_and_silence_elsewhere(monkeypatch, capsys):
    def once(progress):
        model = network()
        fit(model, CrossEntropyLoss(), SGD(model.parameters(), 0.1), clouds(), epochs=2, progress=progress)
        return capsys.readouterr()

    assert once(False) == ("", "")
    if "tqdm" in sys.modules or pytest.importorskip("tqdm"):
        out, err = once(True)
        assert out == ""
        assert "epoch 2, loss" in err
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert once(True) == ("", "")


def test_history_prints_a_table_that_stays_short():
    history = History()
    assert repr(history) == "History: 0 epochs in 0.0 s, running"
    for i in range(40):
        history.record(train_loss=1 / (i + 1), validation_loss=None, lr=0.1, seconds=0.5)
    history.stopped = "finished"
    lines = repr(history).splitlines()
    assert lines[0] == "History: 40 epochs in 20.0 s, finished"
    assert lines[1].split() == ["epoch", "train_loss", "lr", "seconds"]
    assert len(lines) == 14
    assert lines[-1].split() == ["40", "0.025", "0.1", "0.5"]
    assert len({len(line) for line in lines[1:]}) == 1


def test_history_plots_its_losses():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    _, history = run(epochs=4)
    ax = history.plot()
    assert ax.get_title() == "Training: 4 epochs, finished"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), history.train_loss)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), history.validation_loss)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[:2] == ["training loss", "validation loss"]
    assert names[-2:] == ["training accuracy", "validation accuracy"]
    own = pyplot.subplots()[1]
    assert history.plot(own) is own
    pyplot.close("all")
    with pytest.raises(ValueError, match="at least one completed epoch to plot"):
        History().plot()


def test_a_plot_without_matplotlib_says_what_to_install(monkeypatch):
    _, history = run(epochs=1)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"History.plot needs the library matplotlib.*'convcourse\[student\]'"):
        history.plot()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"train": clouds()[0]}, TypeError, r"train must be a pair \(X, y\), got an array"),
        ({"train": (clouds()[0], clouds()[1][:5])}, ValueError, "train: X and y must have one entry .*got 60 and 5"),
        ({"validation": (clouds()[0][:0], [])}, ValueError, "validation: X must hold at least one example, got none"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1, got 0"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be an integer, got 2.5"),
        ({"optimizer": 0.1}, TypeError, r"optimizer must be an Optimizer, got 0\.1"),
        (
            {"optimizer": SGD(network().parameters(), 0.1)},
            ValueError,
            "optimizer must hold parameters of model, got none",
        ),
        ({"model": None}, TypeError, "model must be a layer, got None without forward, backward"),
        ({"loss": CrossEntropyLoss}, TypeError, r"loss must be one of .*got a type; write CrossEntropyLoss\(\)"),
        ({"loss": "mse"}, TypeError, "loss must be one of solutions.losses, got 'mse'"),
        ({"schedule": StepLR}, TypeError, "schedule must be a Schedule or None, got a type"),
        (
            {"schedule": StepLR(SGD(network().parameters(), 0.1), 2)},
            ValueError,
            "schedule must change the rate of optimizer, got one that was made with another",
        ),
        ({"early_stopping": True}, TypeError, "early_stopping must be a patience in epochs, .*got True"),
        ({"early_stopping": 0}, ValueError, "early_stopping must be at least 1, got 0"),
        ({"rng": "seed"}, TypeError, "rng must be a numpy.random.Generator"),
        ({"progress": 1}, TypeError, "progress must be True or False, got 1"),
        ({"augment": "flip"}, TypeError, "augment must be a function .*got 'flip'"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, error, message):
    model = network()
    arguments = {
        "model": model,
        "loss": CrossEntropyLoss(),
        "optimizer": SGD(model.parameters(), 0.1),
        "train": clouds(),
        "progress": False,
    }
    with pytest.raises(error, match=message):
        fit(**arguments | change)


# Helpers


@pytest.mark.parametrize(("n", "size"), [(7, 3), (6, 3), (1, 4), (5, 5), (5, 1)])
@pytest.mark.parametrize("rng", [None, 0])
def test_minibatches_hold_every_pair_once_and_keep_the_short_one(n, size, rng):
    X, y = np.arange(2.0 * n).reshape(n, 2), np.arange(n)
    batches = list(minibatches(X, y, size, rng))
    assert [len(batch) for batch, _ in batches] == [size] * (n // size) + ([n % size] if n % size else [])
    for X_batch, y_batch in batches:
        np.testing.assert_array_equal(X_batch, X[y_batch])
    order = np.concatenate([batch for _, batch in batches])
    assert sorted(order) == list(range(n))
    assert rng is not None or order.tolist() == list(range(n))


def test_minibatches_of_one_seed_are_the_same_and_take_lists():
    def order(rng):
        return [
            label for _, batch in minibatches(np.zeros(20), list("abcdefghijklmnopqrst"), 3, rng) for label in batch
        ]

    assert order(5) == order(np.random.default_rng(5)) != order(6)
    generator = np.random.default_rng(0)
    assert order(generator) != order(generator)


def test_minibatches_check_at_the_call():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        minibatches(np.zeros(3), np.zeros(3), 0)
    with pytest.raises(ValueError, match="X and y must have one entry for each example, got 3 and 2"):
        minibatches(np.zeros(3), np.zeros(2), 1)
    with pytest.raises(ValueError, match="X must hold at least one example, got none"):
        minibatches([], [], 1)
    with pytest.raises(ValueError, match=r"y must have one entry for each example, got 2\.0"):
        minibatches(np.zeros(3), 2.0, 1)


@pytest.mark.parametrize(("n", "test_size", "expected"), [(10, 0.25, 3), (8, 0.25, 2), (10, 3, 3), (3, 0.01, 1)])
def test_train_test_split_has_scikit_learns_order_and_sizes(n, test_size, expected):
    X, y = np.arange(3 * n).reshape(n, 3), np.arange(n)
    X_train, X_test, y_train, y_test = parts = train_test_split(X, y, test_size, rng=0)
    assert [len(part) for part in parts] == [n - expected, expected] * 2
    np.testing.assert_array_equal(X_train, X[y_train])
    np.testing.assert_array_equal(X_test, X[y_test])
    assert sorted([*y_train, *y_test]) == list(range(n))
    again = train_test_split(X, y, test_size, rng=np.random.default_rng(0))
    for part, same in zip(parts, again, strict=True):
        np.testing.assert_array_equal(part, same)
    selection = pytest.importorskip("sklearn.model_selection")
    theirs = selection.train_test_split(X, y, test_size=test_size, random_state=0)
    assert [part.shape for part in theirs] == [part.shape for part in parts]


@pytest.mark.parametrize(
    ("test_size", "error", "message"),
    [
        (0, ValueError, "test_size must be at least 1, got 0"),
        (4, ValueError, "test_size must leave examples on both sides, got 4 of 4 examples"),
        (0.0, ValueError, "test_size must leave examples on both sides, got 0.0 of 4"),
        (1.0, ValueError, "test_size must leave examples on both sides, got 1.0 of 4"),
        (1.5, ValueError, "test_size must be at least 0 and at most 1, got 1.5"),
        ("half", TypeError, "test_size must be a number, got 'half'"),
    ],
)
def test_a_split_with_an_empty_side_is_refused(test_size, error, message):
    with pytest.raises(error, match=message):
        train_test_split(np.zeros(4), np.zeros(4), test_size)


def test_one_hot():
    rows = one_hot(np.array([2, 0]), 4)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, [[0, 0, 1, 0], [1, 0, 0, 0]])
    assert one_hot([[0], [1]], dtype=np.float64).shape == (2, 1, 2)
    assert one_hot(np.zeros(0, int), 3).shape == (0, 3)
    for y, K, error, message in [
        ([0, 3], 3, ValueError, "y must hold class indices from 0 to 2, got 3"),
        ([0, -1], 3, ValueError, "y must hold class indices from 0 to 2, got -1"),
        ([0.0], 3, TypeError, "y must hold integers .*float64"),
        (np.zeros(0, int), None, ValueError, "K must be given where y is empty"),
        ([0], 0, ValueError, "K must be at least 1, got 0"),
    ]:
        with pytest.raises(error, match=message):
            one_hot(y, K)
