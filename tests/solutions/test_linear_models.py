import warnings

import numpy as np
import pytest

from solutions.models import ConvergenceWarning, LogisticRegression, NotFittedError, SoftmaxRegression

MODELS = [LogisticRegression, SoftmaxRegression]


def clouds(classes, n=90, features=4, seed=0):
    """Return overlapping clouds of points, one for each class, and their labels as words."""
    rng = np.random.default_rng(seed)
    indices = np.arange(n) % classes
    centres = rng.normal(size=(classes, features))
    return centres[indices] + rng.normal(size=(n, features)), np.array(["ant", "bee", "cat", "dog"])[indices]


@pytest.mark.parametrize("weight_decay", [1e-3, 0.1, 3.0])
@pytest.mark.parametrize(("model_class", "classes"), [(LogisticRegression, 2), (SoftmaxRegression, 3)])
def test_same_coefficients_as_scikit_learn(model_class, classes, weight_decay):
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = clouds(classes)
    model = model_class(weight_decay=weight_decay, tol=1e-10).fit(X, y)
    theirs = linear_model.LogisticRegression(C=1 / (len(X) * weight_decay), tol=1e-10, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(model.coef_, theirs.coef_, rtol=1e-4, atol=1e-6)
    # a constant on all biases changes no probability: compare them from their mean
    offset = 0 if classes == 2 else 1
    np.testing.assert_allclose(
        model.intercept_ - offset * model.intercept_.mean(),
        theirs.intercept_ - offset * theirs.intercept_.mean(),
        rtol=1e-4,
        atol=1e-6,
    )
    np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), theirs.predict(X))
    np.testing.assert_allclose(model.decision_function(X), theirs.decision_function(X), rtol=1e-3, atol=1e-5)
    assert model.score(X, y) == theirs.score(X, y)


@pytest.mark.parametrize(
    ("model_class", "classes"), [(LogisticRegression, 2), (SoftmaxRegression, 2), (SoftmaxRegression, 4)]
)
def test_the_minimum_is_stationary(model_class, classes):
    # dJ/dW = (1/N) delta^T X + lambda W = 0 and dJ/db = mean delta = 0, delta = P - one-hot(y): no penalty on biases
    X, y = clouds(classes)
    model = model_class(weight_decay=0.05, tol=1e-9).fit(X, y)
    delta = model.predict_proba(X) - (y[:, None] == model.classes_)
    rows = delta[:, 1:] if model_class is LogisticRegression else delta
    np.testing.assert_allclose(rows.T @ X / len(X) + 0.05 * model.coef_, 0, atol=1e-8)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-8)


@pytest.mark.parametrize(("model_class", "classes"), [(LogisticRegression, 2), (SoftmaxRegression, 3)])
def test_fitted_attributes(model_class, classes):
    X, y = clouds(classes)
    model = model_class()
    assert model.fit(X, y) is model
    rows = 1 if model_class is LogisticRegression else classes
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    assert model.coef_.shape == (rows, 4)
    assert model.intercept_.shape == (rows,)
    assert model.n_features_in_ == 4
    assert len(model.loss_curve_) == model.n_iter_ > 3
    assert (np.diff(model.loss_curve_) <= 1e-12).all()
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    probability_of_the_truth = proba[np.arange(len(X)), np.searchsorted(model.classes_, y)]
    penalty = 1e-4 / 2 * (model.coef_**2).sum()
    assert model.loss_curve_[-1] == pytest.approx(penalty - np.log(probability_of_the_truth).mean(), rel=1e-12)


def test_softmax_of_two_classes_agrees_with_the_logistic_unit():
    # two rows W1 = -W0 share the penalty: sum W^2 is 2 (w/2)^2, half of w^2
    X, y = clouds(2)
    softmax = SoftmaxRegression(weight_decay=0.2, tol=1e-10).fit(X, y)
    logistic = LogisticRegression(weight_decay=0.1, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(softmax.predict_proba(X), logistic.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize("model_class", MODELS)
def test_quadratic_features_split_what_a_line_cannot(model_class):
    # deck 001: points inside and outside an ellipse
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (400, 2))
    y = X[:, 0] ** 2 + 3 * X[:, 1] ** 2 < 0.6
    quadratic = np.column_stack([X, X**2, X[:, 0] * X[:, 1]])
    assert model_class().fit(X, y).score(X, y) < 0.75
    assert model_class().fit(quadratic, y).score(quadratic, y) > 0.98


@pytest.mark.parametrize("model_class", MODELS)
def test_float32_stays_float32_and_all_else_becomes_float64(model_class):
    X, y = clouds(2)
    small = model_class().fit(X.astype(np.float32), y)
    assert small.coef_.dtype == small.intercept_.dtype == small.predict_proba(X.astype(np.float32)).dtype == np.float32
    large = model_class().fit(X, y)
    np.testing.assert_allclose(small.coef_, large.coef_, rtol=1e-3, atol=1e-4)
    integers = model_class().fit(np.round(X * 10).astype(int), y)
    listed = model_class().fit(np.round(X * 10).tolist(), y.tolist())
    assert integers.coef_.dtype == np.float64
    np.testing.assert_array_equal(integers.coef_, listed.coef_)


@pytest.mark.parametrize("model_class", MODELS)
def test_fit_is_deterministic_and_changes_nothing_it_was_given(model_class):
    X, y = clouds(2)
    before = X.copy(), y.copy()
    first, second = model_class(rng=0).fit(X, y), model_class(rng=1).fit(X, y)
    np.testing.assert_array_equal(first.coef_, second.coef_)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("model_class", MODELS)
def test_classes_that_a_line_splits_converge_without_a_penalty(model_class):
    X, y = np.array([[-3.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = model_class(weight_decay=0).fit(X, y)
    assert model.score(X, y) == 1
    assert np.isfinite(model.coef_).all()
    assert model.predict_proba([[1e6], [-1e6]]).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("model_class", MODELS)
def test_a_fit_that_ends_too_early_warns(model_class):
    X, y = clouds(2)
    with pytest.warns(
        ConvergenceWarning, match=f"{model_class.__name__} did not reach tol=1e-06 in 2 iterations; .*max_iter"
    ):
        model = model_class(max_iter=2).fit(X, y)
    assert model.n_iter_ == 2


@pytest.mark.parametrize("model_class", MODELS)
def test_parameters_are_kept_as_they_came_and_can_be_copied_and_set(model_class):
    model = model_class(0.5, max_iter=7)
    assert model.get_params() == {"weight_decay": 0.5, "max_iter": 7, "tol": 1e-6, "rng": None}
    assert model_class(**model.get_params()).get_params(deep=False) == model.get_params()
    assert model.set_params(tol=1e-3, weight_decay=2) is model
    assert model.get_params() == {"weight_decay": 2, "max_iter": 7, "tol": 1e-3, "rng": None}
    assert repr(model) == f"<{model_class.__name__}(weight_decay=2, max_iter=7, tol=0.001, rng=None)>"
    assert repr(model_class().fit(*clouds(2))).endswith(": 4 features, 2 classes>")
    with pytest.raises(ValueError, match="has no parameter 'C'; it has weight_decay, max_iter, tol, rng"):
        model.set_params(C=1)


@pytest.mark.parametrize("model_class", MODELS)
def test_scikit_learn_can_clone_it(model_class):
    base = pytest.importorskip("sklearn.base")
    model = model_class(weight_decay=0.3).fit(*clouds(2))
    copy = base.clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "coef_")


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize("ask", ["predict", "predict_proba", "decision_function"])
def test_an_answer_before_fit_is_refused(model_class, ask):
    with pytest.raises(NotFittedError, match=rf"this {model_class.__name__} is not fitted yet: call fit\(X, y\) first"):
        getattr(model_class(), ask)(np.zeros((2, 4)))
    assert issubclass(NotFittedError, ValueError)
    assert issubclass(NotFittedError, AttributeError)


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize(
    ("X", "y", "error", "message"),
    [
        (np.zeros(4), [0, 1, 0, 1], ValueError, r"X must have 2 axes \(N, D\), got shape \(4,\); .*X\[:, None\]"),
        ([[1, 2], [3]], [0, 1], ValueError, "X must be a matrix .* got rows of different lengths"),
        ([["a"], ["b"]], [0, 1], TypeError, "X must be a matrix .* of numbers, got dtype <U1"),
        (np.zeros((2, 0)), [0, 1], ValueError, r"X has 0 feature\(s\) \(shape=\(2, 0\)\)"),
        ([[1.0], [np.nan]], [0, 1], ValueError, "X must be finite, got NaN or infinity in it"),
        ([[1.0], [np.inf]], [0, 1], ValueError, "X must be finite"),
        ([[1.0], [2.0]], [0, 1, 1], ValueError, r"y must have one label for each of the 2 rows of X, .*got \(3,\)"),
        ([[1.0], [2.0]], [[0], [1]], ValueError, r"y must have one label .*got \(2, 1\)"),
        ([[1.0], [2.0]], [1, 1], ValueError, "y must hold at least 2 classes, got 1 class"),
        (np.zeros((0, 2)), [], ValueError, "y must hold at least 2 classes, got 0"),
        ([[1.0], [2.0]], [0.5, 1.5], ValueError, "y must hold class labels, got floats"),
        ([[1.0], [2.0]], [None, "a"], TypeError, "y must hold labels of one type"),
    ],
)
def test_bad_data_is_refused_by_name(model_class, X, y, error, message):
    with pytest.raises(error, match=message):
        model_class().fit(X, y)


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"weight_decay": -1}, ValueError, "weight_decay must be at least 0, got -1"),
        ({"weight_decay": "l2"}, TypeError, "weight_decay must be a number, got 'l2'"),
        ({"max_iter": 0}, ValueError, "max_iter must be at least 1, got 0"),
        ({"max_iter": 10.0}, TypeError, "max_iter must be an integer, got 10.0"),
        ({"tol": np.nan}, ValueError, "tol must be at least 0, got nan"),
        ({"rng": "seed"}, TypeError, "rng must be a numpy.random.Generator, an integer seed or None, got 'seed'"),
    ],
)
def test_bad_parameters_are_refused_in_fit(model_class, params, error, message):
    with pytest.raises(error, match=message):
        model_class(**params).fit(*clouds(2))


@pytest.mark.parametrize("model_class", MODELS)
def test_questions_that_do_not_fit_are_refused(model_class):
    model = model_class().fit(*clouds(2))
    with pytest.raises(
        ValueError, match=f"X has 3 features, but {model_class.__name__} is expecting 4 features as input"
    ):
        model.predict(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"y must have one label for each row of X, shape \(2,\), got \(3,\)"):
        model.score(np.zeros((2, 4)), [0, 1, 0])
    with pytest.raises(ValueError, match="X must have at least one example to score, got none"):
        model.score(np.zeros((0, 4)), [])
    assert model.predict(np.zeros((0, 4))).shape == (0,)


def test_three_classes_are_too_many_for_a_logistic_unit():
    with pytest.raises(ValueError, match="y must hold 2 classes, got 3; SoftmaxRegression takes more than two"):
        LogisticRegression().fit(*clouds(3))
