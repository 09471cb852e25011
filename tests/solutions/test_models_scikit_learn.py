"""Our estimators under scikit-learn's own checks and in its tools, which ask for nothing but scikit-learn's habits."""

import warnings

import numpy as np
import pytest

from solutions import Parameter, layers, models
from solutions.models import ConvNet, LogisticRegression, MLPClassifier, MLPRegressor, OneVsRest, SoftmaxRegression

sklearn = pytest.importorskip("sklearn", minversion="1.6")

NOT_THEIR_ERROR = "our NotFittedError has the bases of theirs, ValueError and AttributeError; theirs itself needs them"
NO_COLUMN = "a column of labels is refused, not flattened with a warning: nothing is reshaped silently"
EXPECTED_FAILURES = {
    "LogisticRegression": {"check_estimators_unfitted": NOT_THEIR_ERROR, "check_supervised_y_2d": NO_COLUMN},
    "SoftmaxRegression": {"check_estimators_unfitted": NOT_THEIR_ERROR, "check_supervised_y_2d": NO_COLUMN},
    "Perceptron": {"check_estimators_unfitted": NOT_THEIR_ERROR, "check_supervised_y_2d": NO_COLUMN},
    "MLPClassifier": {"check_estimators_unfitted": NOT_THEIR_ERROR, "check_supervised_y_2d": NO_COLUMN},
    "MLPRegressor": {"check_estimators_unfitted": NOT_THEIR_ERROR},  # a column is a matrix of one target here
}


@pytest.mark.parametrize("name", EXPECTED_FAILURES)
def test_scikit_learns_checks_fail_only_where_that_is_right(name):
    from sklearn.utils.estimator_checks import check_estimator

    # With rng=None two fits differ, as they should; the checks can seed only what is called random_state.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(getattr(models, name)(rng=0), on_fail=None, on_skip=None)
    failed = {result["check_name"]: repr(result["exception"]) for result in results if result["status"] == "failed"}
    assert len(results) > 45
    assert failed.keys() == EXPECTED_FAILURES[name].keys(), failed


def clouds(n=120, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    return rng.normal(size=(n, 4)) + 2 * np.eye(classes, 4)[y], np.array(["ant", "bee", "cat"])[y]


ESTIMATORS = [
    SoftmaxRegression(),
    OneVsRest(LogisticRegression()),
    MLPClassifier((10,), learning_rate_init=0.05, max_iter=30, rng=0),
    ConvNet((1, 2, 2), num_classes=3, channels=(4,), hidden=(), epochs=15, lr=0.02, rng=0),
]


@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda model: type(model).__name__)
@pytest.mark.filterwarnings("ignore::solutions.models.ConvergenceWarning")
def test_cross_validation_grid_search_clone_and_pipeline(model):
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = clouds()
    assert is_classifier(model)
    assert cross_val_score(model, X, y, cv=3).mean() > 0.7
    copy = clone(model)
    assert type(copy) is type(model)
    assert repr(copy.get_params(deep=False)) == repr(model.get_params(deep=False))
    pipeline = make_pipeline(StandardScaler(), clone(model)).fit(X, y)
    assert pipeline.score(X, y) > 0.7
    assert cross_val_score(pipeline, X, y, cv=2, scoring="neg_log_loss").mean() > -1
    name, values = {
        "OneVsRest": ("estimator__weight_decay", [1e-3, 10.0]),
        "MLPClassifier": ("alpha", [1e-4, 100.0]),
        "SoftmaxRegression": ("weight_decay", [1e-3, 10.0]),
        "ConvNet": ("channels", [(2,), (4,)]),
    }[type(model).__name__]
    search = GridSearchCV(model, {name: values}, cv=2).fit(X, y)
    assert search.best_params_[name] in values
    assert search.best_estimator_.score(X, y) > 0.7


@pytest.mark.filterwarnings("ignore::solutions.models.ConvergenceWarning")
def test_the_regressor_too():
    from sklearn.base import is_regressor
    from sklearn.model_selection import cross_val_score

    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X[:, 0] * 2 + np.sin(X[:, 1])
    model = MLPRegressor((20,), "tanh", learning_rate_init=0.02, max_iter=60, batch_size=32, rng=0)
    assert is_regressor(model)
    assert cross_val_score(model, X, y, cv=3).mean() > 0.9


def test_one_vs_rest_takes_an_estimator_of_scikit_learn_and_agrees_with_theirs():
    from sklearn.linear_model import LogisticRegression as TheirLogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    X, y = clouds()
    ours = OneVsRest(TheirLogisticRegression(C=0.1)).fit(X, y)
    theirs = OneVsRestClassifier(TheirLogisticRegression(C=0.1)).fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-10)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-10)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.filterwarnings("ignore::solutions.models.ConvergenceWarning", "ignore:Stochastic Optimizer")
def test_mlp_takes_the_steps_of_scikit_learns(activation, monkeypatch):
    # The same first weights, whole batches: after twelve epochs the weights are the same, with penalty and momentum.
    # "sgd" only, for scikit-learn's Adam has eps in another place.
    from sklearn.neural_network import MLPClassifier as TheirMLPClassifier

    X, y = clouds(n=40)
    options = {"activation": activation, "solver": "sgd", "alpha": 0.5, "batch_size": 40, "learning_rate_init": 0.05}
    options |= {"hidden_layer_sizes": (6, 5), "n_iter_no_change": 100}
    start = TheirMLPClassifier(**options | {"learning_rate_init": 1e-300}, max_iter=1, random_state=0).fit(X, y)
    theirs = TheirMLPClassifier(**options, max_iter=12, random_state=0).fit(X, y)
    first_weights = iter([a for pair in zip(start.coefs_, start.intercepts_, strict=True) for a in pair])
    monkeypatch.setattr(layers.linear, "uniform", lambda rng, shape, *_: Parameter(next(first_weights).T))
    ours = MLPClassifier(**options, max_iter=12, rng=0).fit(X, y)
    for mine, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
