import pickle
import time
import warnings

import numpy as np
import pytest

from course.kit import data
from solutions import gradients
from solutions.layers import Layer, Sequential
from solutions.losses import CrossEntropyLoss
from solutions.models import (
    CharLSTM,
    CharRNN,
    ConvergenceWarning,
    ConvNet,
    LeNet5,
    LogisticRegression,
    MLPClassifier,
    MLPRegressor,
    NotFittedError,
    OneVsRest,
    Perceptron,
    SoftmaxRegression,
)
from solutions.optim import Adam
from solutions.training import fit

pytestmark = pytest.mark.filterwarnings("ignore::solutions.models.ConvergenceWarning")


@pytest.fixture(scope="module")
def digits():
    images, labels = data.mnist("train", size=50)
    return images, labels


def clouds(n=90, classes=3, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    return (rng.normal(size=(n, 4)) + 2 * np.eye(classes, 4)[y]).astype(dtype), np.array(["ant", "bee", "cat"])[y]


WORDS = ["anna", "hanna", "nina", "ina", "otto", "toto", "roto", "bo", "uli", "ulli", "kurt", "ruth"]
KINDS = np.array(["a"] * 4 + ["o"] * 4 + ["u"] * 4)


# Perceptron and OneVsRest


def test_perceptron_by_hand():
    X, y = np.array([[1.0, 2.0], [-1.0, 1.0], [2.0, -1.0]]), [1, 0, 1]
    # epoch 1: w=0,b=0 says 0 to the first: w=(1,2), b=1; second: -1+2+1 > 0, wrong: w=(2,1), b=0; third: 4-1 > 0, right
    # epoch 2: 4 > 0 right; -2+1 = -1 right; 3 > 0 right
    model = Perceptron().fit(X, y)
    assert model.mistakes_ == [2, 0]
    assert model.n_iter_ == 2
    np.testing.assert_array_equal(model.coef_, [[2.0, 1.0]])
    np.testing.assert_array_equal(model.intercept_, [0.0])
    np.testing.assert_array_equal(model.decision_function(X), [4.0, -1.0, 3.0])
    np.testing.assert_array_equal(Perceptron(lr=0.5).fit(X, y).coef_, [[1.0, 0.5]])


def test_perceptron_finds_the_separating_line_in_any_order():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)).astype(np.float32)
    X = X[np.abs(X @ [1, -2, 0.5] + 0.3) > 0.2]
    y = X @ [1, -2, 0.5] + 0.3 > 0
    for seed in (None, 0):
        model = Perceptron(rng=seed).fit(X, y)
        assert model.score(X, y) == 1
        assert model.mistakes_[-1] == 0
        assert model.coef_.dtype == model.decision_function(X).dtype == np.float32


def test_perceptron_warns_where_no_line_lies_between_the_classes():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    with pytest.warns(ConvergenceWarning, match="Perceptron still made . mistakes in epoch 20; usual cause"):
        Perceptron(max_iter=20).fit(X, [0, 1, 1, 0])
    with pytest.raises(ValueError, match=r"got 3; OneVsRest\(Perceptron\(\)\) takes more"):
        Perceptron().fit(X, [0, 1, 2, 0])
    with pytest.raises(ValueError, match="lr must be above 0, got 0"):
        Perceptron(lr=0).fit(X, [0, 1, 1, 0])


def test_one_vs_rest_of_perceptrons_and_of_logistic_units():
    X, y = clouds()
    units = OneVsRest(LogisticRegression()).fit(X, y)
    assert units.score(X, y) > 0.8
    assert len(units.estimators_) == 3
    np.testing.assert_allclose(units.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_array_equal(units.predict_proba(X).argmax(axis=1), units.decision_function(X).argmax(axis=1))
    perceptrons = OneVsRest(Perceptron(max_iter=50)).fit(X, y)
    assert perceptrons.score(X, y) > 0.6
    with pytest.raises(AttributeError, match=r"OneVsRest\.predict_proba needs one of Perceptron, which has none"):
        perceptrons.predict_proba(X)
    two = OneVsRest(LogisticRegression()).fit(X[y != "cat"], y[y != "cat"])
    alone = LogisticRegression().fit(X[y != "cat"], y[y != "cat"])
    np.testing.assert_allclose(two.predict_proba(X), alone.predict_proba(X))
    np.testing.assert_array_equal(two.predict(X), alone.predict(X))


def test_one_vs_rest_reaches_the_parameters_inside():
    model = OneVsRest(LogisticRegression(weight_decay=0.5))
    assert model.get_params()["estimator__weight_decay"] == 0.5
    assert model.get_params(deep=False).keys() == {"estimator"}
    model.set_params(estimator__weight_decay=2.0)
    assert model.estimator.weight_decay == 2.0
    assert model.fit(*clouds()).estimators_[0].weight_decay == 2.0
    assert not hasattr(model.estimator, "classes_")
    for wrong in (LogisticRegression, 3):
        with pytest.raises(TypeError, match="estimator must be a model with fit and get_params, got"):
            OneVsRest(wrong).fit(*clouds())


# Multilayer perceptrons


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mlp_attributes_and_dtypes(dtype):
    X, y = clouds(dtype=dtype)
    model = MLPClassifier((7, 5), rng=0, max_iter=15, learning_rate_init=0.01)
    assert model.fit(X, y) is model
    assert [w.shape for w in model.coefs_] == [(4, 7), (7, 5), (5, 3)]
    assert [b.shape for b in model.intercepts_] == [(7,), (5,), (3,)]
    assert (model.n_features_in_, model.n_layers_, model.n_outputs_) == (4, 4, 3)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.history_) == 15
    assert model.loss_ == model.loss_curve_[-1]
    assert model.best_loss_ == min(model.loss_curve_)
    arrays = [*model.coefs_, *model.intercepts_, *(p.grad for p in model.network_.parameters())]
    assert {a.dtype for a in arrays} == {np.dtype(dtype)}
    assert model.predict_proba(X.tolist()).dtype == dtype
    np.testing.assert_array_equal(model.classes_, ["ant", "bee", "cat"])
    again = MLPClassifier((7, 5), rng=0, max_iter=15, learning_rate_init=0.01).fit(X, y)
    assert all((a == b).all() for a, b in zip(model.coefs_, again.coefs_, strict=True))
    back = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))


def test_a_fitted_mlp_holds_no_data():
    X, y = clouds(n=3000)
    model = MLPClassifier((4,), max_iter=1, rng=0).fit(X, y)
    model.predict(X)
    assert len(pickle.dumps(model)) < 10_000


def test_mlp_penalty_acts_on_weights_and_not_on_biases():
    X, y = clouds()
    free, tight = (
        MLPClassifier((5,), alpha=alpha, max_iter=150, learning_rate_init=0.02, rng=0).fit(X, y)
        for alpha in (0.0, 300.0)
    )
    assert np.abs(tight.coefs_[0]).max() < 0.1 < np.abs(free.coefs_[0]).max()
    model = MLPClassifier((5,), alpha=6.0, max_iter=1, rng=0).fit(X, y)
    network = model.network_.train()
    network.zero_grad()
    network(X)
    network.backward(np.zeros((len(X), 3)))
    for layer in network.linears:
        np.testing.assert_allclose(layer.weight.grad, 6.0 / len(X) * layer.weight.value)
        assert not layer.bias.grad.any()


def test_mlp_stops_early_on_held_out_examples_and_warns_otherwise():
    X, y = clouds(n=300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MLPClassifier(
            (30,), early_stopping=True, learning_rate_init=0.02, validation_fraction=0.2, n_iter_no_change=5, rng=0
        ).fit(X, y)
    assert model.history_.stopped == "early stopping"
    assert len(model.history_.validation_loss) == model.n_iter_ < 200
    assert model.best_loss_ == model.history_.validation_loss[model.history_.best_epoch - 1]
    with pytest.warns(ConvergenceWarning, match="MLPClassifier was still learning in epoch max_iter=2; raise max_iter"):
        MLPClassifier(max_iter=2, rng=0).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="MLPRegressor diverged in epoch"), np.errstate(all="ignore"):
        MLPRegressor(solver="sgd", learning_rate_init=1e3, rng=0).fit(X, X[:, 0] * 1e3)


def test_mlp_regressor_predicts_one_target_or_several():
    X = np.random.default_rng(0).normal(size=(200, 3))
    Y = np.column_stack([X[:, 0] + X[:, 1] ** 2, X[:, 2]])
    options = {"hidden_layer_sizes": (30,), "learning_rate_init": 0.02, "max_iter": 100, "batch_size": 32, "rng": 0}
    several = MLPRegressor(**options).fit(X, Y)
    assert several.predict(X).shape == (200, 2)
    assert several.score(X, Y) > 0.95
    one = MLPRegressor(**options).fit(X.astype(np.float32), Y[:, 0])
    assert one.predict(X).shape == (200,)
    assert one.predict(X).dtype == np.float32
    assert one.score(X, Y[:, 0]) > 0.95
    metrics = pytest.importorskip("sklearn.metrics")
    assert several.score(X, Y) == pytest.approx(metrics.r2_score(Y, several.predict(X)))
    assert MLPRegressor((3,), max_iter=1, rng=0).fit(X, np.ones(200)).score(X, np.ones(200)) == 0


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"hidden_layer_sizes": (5, 0)}, ValueError, r"hidden_layer_sizes\[1\] must be at least 1, got 0"),
        ({"hidden_layer_sizes": "5"}, TypeError, "hidden_layer_sizes must be a tuple of integers, got '5'"),
        ({"activation": "step"}, ValueError, "activation must be one of 'identity', 'relu', .*got 'step'"),
        ({"solver": "lbfgs"}, ValueError, "solver must be one of 'adam', 'sgd', got 'lbfgs'"),
        ({"alpha": -1}, ValueError, "alpha must be at least 0, got -1"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"early_stopping": 5}, TypeError, "early_stopping must be True or False, got 5"),
        ({"n_iter_no_change": 0}, ValueError, "n_iter_no_change must be at least 1, got 0"),
        ({"tol": "x"}, TypeError, "tol must be a number, got 'x'"),
        ({"rng": "seed"}, TypeError, "rng must be a numpy.random.Generator"),
    ],
)
def test_bad_parameters_are_refused_in_fit(params, error, message):
    X, y = clouds()
    for model, target in ((MLPClassifier, y), (MLPRegressor, X[:, 0])):
        with pytest.raises(error, match=message):
            model(**params).fit(X, target)


def test_regression_targets_are_checked():
    X = clouds()[0]
    for y, error, message in [
        (X[:5, 0], ValueError, r"y must have shape \(90,\) or \(90, M\), a row for each of X, got \(5,\)"),
        (["a"] * 90, TypeError, "y must hold numbers, got dtype <U1"),
        (np.full(90, np.nan), ValueError, "y must be finite, got NaN or infinity"),
        (None, ValueError, "requires y to be passed"),
    ]:
        with pytest.raises(error, match=message):
            MLPRegressor().fit(X, y)


# Convolutional networks


def test_lenet_has_the_papers_sizes():
    model = LeNet5(rng=0)
    sizes = dict.fromkeys(("conv1", "conv2", "fc1", "fc2", "fc3"), 0)
    for key, array in model.state_dict().items():
        sizes[key.split(".")[0]] += array.size
    assert sizes == {"conv1": 156, "conv2": 2416, "fc1": 48_120, "fc2": 10_164, "fc3": 850}
    assert sum(p.value.size for p in model.parameters()) == 61_706
    assert isinstance(model, Layer)
    assert {p.value.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_lenet_overfits_fifty_digits_as_an_estimator(digits):
    images, labels = digits
    model = LeNet5(epochs=25, batch_size=10, lr=3e-3, rng=0)
    assert model.fit(images, labels) is model
    assert model.score(images, labels) == 1
    assert model.history_.train_loss[-1] < 0.05
    np.testing.assert_array_equal(model.classes_, np.arange(10))
    proba = model.predict_proba(images)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    for same in (images[:, None], images.reshape(50, 784), images.astype(np.float64), images.tolist()):
        np.testing.assert_array_equal(model.predict_proba(same), proba)
    assert all(p.value.dtype == p.grad.dtype == np.float32 for p in model.parameters())


def test_lenet_is_a_layer_that_fit_trains(digits):
    images, labels = digits
    model = LeNet5(rng=0)
    with pytest.raises(NotFittedError, match="this LeNet5 is not fitted yet"):
        model.predict(images)
    optimizer = Adam(model.parameters(), 2e-3)
    history = fit(
        model, CrossEntropyLoss(), optimizer, (images[:, None], labels), epochs=5, batch_size=10, rng=0, progress=False
    )
    assert history.train_loss[-1] < history.train_loss[0]
    assert model.score(images, labels) == pytest.approx(float(np.mean(model(images[:, None]).argmax(axis=1) == labels)))
    estimator = LeNet5(epochs=5, batch_size=10, lr=2e-3, rng=np.random.default_rng(7)).fit(images, labels)
    twin = LeNet5(epochs=5, batch_size=10, lr=2e-3, rng=np.random.default_rng(7)).fit(images, labels)
    np.testing.assert_array_equal(estimator.predict_proba(images), twin.predict_proba(images))


def test_lenet_in_float64_has_right_gradients():
    x = np.random.default_rng(0).normal(size=(2, 1, 28, 28))
    model = Sequential(LeNet5(activation="tanh", pooling="avg", rng=0, dtype=np.float64))
    assert gradients.check_layer(model, x, samples=3) < 1e-6


@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "leaky_relu", "softplus", "swish"])
def test_pooling_before_a_rising_activation_comes_to_the_same(activation, pooling):
    model = ConvNet((2, 6, 5), 3, channels=(4,), hidden=(), activation=activation, pooling=pooling, rng=0, dtype=float)
    by_the_book = Sequential(
        Sequential(model.conv1, model.activation1), model.pool1, Sequential(model.flatten, model.fc1)
    )
    x, grad = np.random.default_rng(0).standard_normal((7, 2, 6, 5)), np.random.default_rng(1).standard_normal((7, 3))
    results = []
    for network in (model, by_the_book):
        model.zero_grad()
        y, grad_x = network(x), network.backward(grad)
        results.append([y, grad_x, *(parameter.grad.copy() for parameter in model.parameters())])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)
    names = [name for name, _ in model._children()]
    assert (names.index("pool1") < names.index("activation1")) == (pooling == "max" and activation != "swish")


def test_lenet_same_as_the_torch_module():
    torch = pytest.importorskip("torch")

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = torch.nn.Conv2d(1, 6, 5, padding=2), torch.nn.Conv2d(6, 16, 5)
            self.fc1, self.fc2, self.fc3 = torch.nn.Linear(400, 120), torch.nn.Linear(120, 84), torch.nn.Linear(84, 10)

        def forward(self, x):
            f = torch.nn.functional
            x = f.max_pool2d(f.relu(self.conv2(f.max_pool2d(f.relu(self.conv1(x)), 2))), 2).flatten(1)
            return self.fc3(f.relu(self.fc2(f.relu(self.fc1(x)))))

    model, theirs, x = LeNet5(rng=0), Theirs(), np.random.default_rng(0).random((3, 1, 28, 28), np.float32)
    theirs.load_state_dict({key: torch.tensor(array) for key, array in model.state_dict().items()})
    np.testing.assert_allclose(model(x), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_labels_of_an_image_network(digits):
    images, labels = digits
    few = labels < 3
    model = LeNet5(epochs=1, rng=0).fit(images[few], labels[few])
    assert set(model.predict(images)) <= set(range(10))
    words = np.array(["even", "odd"])[labels % 2]
    model = LeNet5(num_classes=2, epochs=1, rng=0).fit(images, words)
    np.testing.assert_array_equal(model.classes_, ["even", "odd"])
    with pytest.raises(ValueError, match="y must hold num_classes=10 classes, got 2; pass num_classes=2"):
        LeNet5(epochs=1).fit(images, words)
    with pytest.raises(ValueError, match=r"X must be images \(N, 1, 28, 28\) or rows \(N, 784\), got \(50, 27, 28\)"):
        model.predict(images[:, 1:])
    with pytest.raises(ValueError, match="X must be finite"):
        model.predict(images * np.nan)
    with pytest.raises(TypeError, match="X must hold numbers, got dtype <U1"):
        model.predict(np.full((2, 784), "a"))


def test_new_parameters_of_training_keep_the_weights_and_those_of_the_shape_do_not(digits):
    model = LeNet5(epochs=1, rng=0).fit(*digits)
    before = model.state_dict()
    assert model.set_params(epochs=3, lr=0.1) is model
    np.testing.assert_array_equal(model.state_dict()["fc1.weight"], before["fc1.weight"])
    model.set_params(activation="tanh", num_classes=4)
    assert model.state_dict()["fc3.weight"].shape == (4, 84)
    assert "Tanh" in repr(model)
    assert model.get_params()["epochs"] == 3
    assert not hasattr(model, "classes_")
    with pytest.raises(ValueError, match=r"activation must be one of 'relu', .*got 'step'"):
        LeNet5(activation="step")
    with pytest.raises(ValueError, match="pooling must be one of 'max', 'avg', got 'min'"):
        LeNet5(pooling="min")


def test_parameters_that_are_refused_leave_the_model_as_it_was(digits):
    model = LeNet5(epochs=1, rng=0).fit(*digits)
    before = model.predict(digits[0])
    with pytest.raises(TypeError, match="num_classes must be an integer, got 'a'"):
        model.set_params(num_classes="a")
    assert model.get_params()["num_classes"] == 10
    np.testing.assert_array_equal(model.predict(digits[0]), before)


def test_a_generator_gives_the_bits_of_its_seed_and_goes_on(digits):
    X, y = digits[0][:60], digits[1][:60]
    generator = np.random.default_rng(3)
    model = LeNet5(epochs=1, rng=generator)
    seeded = LeNet5(epochs=1, rng=3)
    first, again = model.fit(X, y).state_dict(), model.fit(X, y).state_dict()
    expected = seeded.fit(X, y).state_dict()
    for key, array in expected.items():
        np.testing.assert_array_equal(first[key], array)
        assert not np.array_equal(again[key], array)
    new = model.set_params(rng=np.random.default_rng(3)).fit(X, y).state_dict()
    np.testing.assert_array_equal(new["fc1.weight"], expected["fc1.weight"])


@pytest.mark.parametrize(
    "options",
    [
        {"input_shape": (2, 9, 6), "channels": (3,), "hidden": (7,), "kernel_size": 5},
        {"input_shape": (1, 8, 9), "channels": (3, 4), "hidden": (), "kernel_size": (3, 1), "pooling": "avg"},
        {"input_shape": (3, 12, 8), "channels": (3, 4), "hidden": (6, 5), "batch_norm": True, "activation": "swish"},
        {"input_shape": (1, 5, 5), "channels": (), "hidden": (4,), "activation": "tanh"},
        {"input_shape": (1, 6, 6), "channels": (2,), "dropout": 0.4, "activation": "softplus"},
    ],
    ids=str,
)
def test_conv_net_of_many_sizes(options):
    x = np.random.default_rng(0).normal(size=(4, *options["input_shape"]))
    model = ConvNet(num_classes=3, **options, rng=0, dtype=np.float64).eval()
    assert model(x).shape == (4, 3)
    assert gradients.check_layer(model, x, samples=3) < 1e-6
    fitted = ConvNet(num_classes=3, **options, rng=0, epochs=2, early_stopping=1, validation_fraction=0.3)
    fitted.fit(np.tile(x, (3, 1, 1, 1)), [0, 1, 2, 1] * 3)
    assert fitted.predict(x).shape == (4,)
    state = [array for array in fitted.state_dict().values() if array.dtype.kind == "f"]
    assert {array.dtype for array in state} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kernel_size": 4}, ValueError, "kernel_size must be odd, .*got 4"),
        ({"kernel_size": (3,)}, ValueError, "kernel_size must be an integer or one for each of block 1, block 2"),
        ({"channels": (1, 2, 3, 4, 5)}, ValueError, r"channels must have at most 4 blocks for images \(1, 28, 28\)"),
        ({"channels": 8}, TypeError, "channels must be a tuple of integers, got 8"),
        ({"hidden": (0,)}, ValueError, r"hidden\[0\] must be at least 1, got 0"),
        ({"input_shape": (28, 28)}, ValueError, "input_shape must be an integer or one for each of C, H, W"),
        ({"dropout": 2}, ValueError, "dropout must be at least 0 and at most 1, got 2"),
        ({"num_classes": 1}, ValueError, "num_classes must be at least 2, got 1"),
    ],
)
def test_bad_sizes_of_a_conv_net_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        ConvNet(**options)


# Networks that read words


@pytest.mark.parametrize("model_class", [CharRNN, CharLSTM])
def test_words_are_learned_and_repeated_from_a_seed(model_class):
    model = model_class(hidden_size=12, embedding_size=6, lr=0.02, epochs=40, batch_size=4, rng=0)
    assert model.fit(WORDS, KINDS) is model
    assert model.score(WORDS, KINDS) == 1
    np.testing.assert_array_equal(model.classes_, ["a", "o", "u"])
    assert model.alphabet_ == "abhiklnortu"
    again = model_class(hidden_size=12, embedding_size=6, lr=0.02, epochs=40, batch_size=4, rng=0).fit(
        np.array(WORDS), KINDS.tolist()
    )
    np.testing.assert_array_equal(model.predict_proba(WORDS), again.predict_proba(WORDS))
    assert {p.value.dtype for p in model.network_.parameters()} == {np.dtype(np.float32)}
    assert model.predict_proba(WORDS).dtype == np.float32


@pytest.mark.parametrize("model_class", [CharRNN, CharLSTM])
def test_the_answer_to_a_word_does_not_depend_on_its_neighbours(model_class):
    model = model_class(epochs=2, rng=0, dtype=np.float64).fit(WORDS, KINDS)
    together = model.predict_proba([*WORDS, "a" * 40])[:-1]
    alone = np.concatenate([model.predict_proba([word]) for word in WORDS])
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    np.testing.assert_allclose(model.predict_proba(["", "xyz" * 3]).sum(axis=1), 1)
    assert model.predict([]).shape == (0,)


@pytest.mark.parametrize("model_class", [CharRNN, CharLSTM])
def test_the_gradients_of_the_word_network_are_right(model_class):
    network = model_class(5, 3, epochs=1, rng=0, dtype=np.float64).fit(WORDS, KINDS).network_
    codes = np.array([[3, 4, 5, 2], [2, 6, 0, 0], [7, 0, 0, 0]])
    assert gradients.check_layer(network, codes) < 1e-6


def test_early_stopping_and_errors_of_the_word_networks():
    model = CharRNN(8, 4, epochs=100, lr=0.05, early_stopping=3, validation_fraction=0.25, rng=0)
    model.fit(WORDS, np.resize(KINDS[::4], 12))  # labels that no other word explains
    assert model.history_.stopped == "early stopping"
    with pytest.raises(TypeError, match="X must be a list of strings, got 'anna'"):
        model.predict("anna")
    with pytest.raises(TypeError, match="X must hold strings, got 3 at position 1"):
        model.predict(["anna", 3])
    with pytest.raises(NotFittedError, match="this CharLSTM is not fitted yet"):
        CharLSTM().predict(["anna"])
    with pytest.raises(ValueError, match="hidden_size must be at least 1, got 0"):
        CharRNN(0).fit(WORDS, KINDS)


# All of them


MODELS = [
    Perceptron(),
    LogisticRegression(),
    SoftmaxRegression(),
    OneVsRest(Perceptron()),
    MLPClassifier(rng=1),
    MLPRegressor(rng=1),
    LeNet5(rng=1),
    ConvNet(rng=1),
    CharRNN(rng=1),
    CharLSTM(rng=1),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_scikit_learns_habits(model):
    params = model.get_params(deep=False)
    copy = type(model)(**params)
    assert all(copy.get_params(deep=False)[name] is value for name, value in params.items())
    assert model.set_params(**params) is model
    assert model.set_params() is model
    assert type(model).__name__ in repr(model)
    with pytest.raises(ValueError, match="has no parameter 'C'; it has "):
        model.set_params(C=1)
    X = ["anna"] if isinstance(model, (CharRNN, CharLSTM)) else np.zeros((2, 784))
    with pytest.raises(NotFittedError, match=rf"this {type(model).__name__} is not fitted yet: call fit\(X, y\) first"):
        model.predict(X)
    y = [1.0] if isinstance(model, (CharRNN, CharLSTM)) else [1.0, 1.0]
    if not isinstance(model, MLPRegressor):
        with pytest.raises(ValueError, match="y must hold at least 2 classes, got 1 class"):
            model.fit(X, y)
        with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
            model.fit(X, None)


def test_a_training_step_of_lenet_is_quick(digits):
    images, labels = digits
    model = LeNet5(rng=0)
    start = time.perf_counter()
    fit(model, CrossEntropyLoss(), Adam(model.parameters()), (images[:, None], labels), epochs=2, progress=False)
    assert time.perf_counter() - start < 5  # a loose bound: tests/benchmarks measures
