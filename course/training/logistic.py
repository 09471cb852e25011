"""Logistic regression reads handwritten digits: one score for each digit, a weighted sum of the pixels."""

from course.kit import data, plots
from course.training.pictures import Pictures
from solutions import softmax
from solutions.layers import Linear
from solutions.losses import CrossEntropyLoss
from solutions.optim import SGD
from solutions.training import History, fit, train_test_split

EPOCHS = 15


def train(epochs: int, seed: int, pictures: Pictures) -> History:
    """Train, print the test accuracy, and draw what was learned."""
    X, y = data.mnist("train")
    X_test, y_test = data.mnist("test")
    X, X_test = X.reshape(-1, 784), X_test.reshape(-1, 784)
    X, X_held_out, y, y_held_out = train_test_split(X, y, test_size=0.1, rng=seed)

    # Logistic regression is a network of one layer; `solutions.models.SoftmaxRegression` fits the same in one call.
    model = Linear(784, 10, rng=seed)
    optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
    history = fit(
        model, CrossEntropyLoss(), optimizer, (X, y), (X_held_out, y_held_out), epochs=epochs, batch_size=64, rng=seed
    )

    probabilities = softmax(model(X_test))
    pictures.report("logistic regression", y_test, probabilities.argmax(axis=1))
    pictures.loss(history)
    pictures.confusion(y_test, probabilities.argmax(axis=1), "0123456789", "Logistic regression on the test digits")
    pictures.mistakes(X_test.reshape(-1, 28, 28), y_test, probabilities)
    digits = [f"speaks for {digit}" for digit in range(10)]
    plots.filters(model.weight.value.reshape(10, 28, 28), digits, title="The weights of each digit's score")
    pictures.save("weights")
    return history
