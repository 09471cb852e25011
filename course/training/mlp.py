"""A multilayer perceptron reads handwritten digits: two layers, every pixel connected to every hidden unit."""

import warnings

from course.kit import data, plots
from course.training.pictures import Pictures
from solutions.models import ConvergenceWarning, MLPClassifier
from solutions.training import History

EPOCHS = 15


def train(epochs: int, seed: int, pictures: Pictures) -> History:
    """Train, print the test accuracy, and draw what was learned."""
    X, y = data.mnist("train")
    X_test, y_test = data.mnist("test")
    X, X_test = X.reshape(-1, 784), X_test.reshape(-1, 784)  # the network knows nothing of rows and columns

    # A tenth of the digits is held out, to see where the network begins to learn its digits by heart.
    model = MLPClassifier((128,), batch_size=64, max_iter=epochs, early_stopping=True, rng=seed, progress=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it may well stop before it has learned all it can
        model.fit(X, y)

    probabilities = model.predict_proba(X_test)
    pictures.report("multilayer perceptron", y_test, probabilities.argmax(axis=1))
    pictures.loss(model.history_)
    pictures.confusion(y_test, probabilities.argmax(axis=1), "0123456789", "Perceptron on the test digits")
    pictures.mistakes(X_test.reshape(-1, 28, 28), y_test, probabilities)
    units = [f"unit {k}" for k in range(16)]
    plots.filters(model.coefs_[0].T[:16].reshape(-1, 28, 28), units, title="The weights of the first 16 hidden units")
    pictures.save("weights")
    return model.history_
