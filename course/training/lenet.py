"""LeNet-5 reads handwritten digits: a convolutional network, trained on digits that are turned and moved a little."""

import numpy as np

from course.kit import data, plots
from course.training.pictures import Pictures
from solutions.losses import CrossEntropyLoss
from solutions.models import LeNet5
from solutions.optim import Adam, CosineLR
from solutions.training import History, fit

EPOCHS = 18
CENTRE = 13.5  # of 28 rows and columns


def train(epochs: int, seed: int, pictures: Pictures) -> History:
    """Train, print the test accuracy, and draw what was learned."""
    X, y = data.mnist("train")
    X_test, y_test = data.mnist("test")

    model = LeNet5(rng=seed)
    optimizer = Adam(model.parameters(), lr=0.003)
    schedule = CosineLR(optimizer, T_max=epochs)
    history = fit(
        model, CrossEntropyLoss(), optimizer, (X[:, None], y), epochs=epochs, batch_size=64, schedule=schedule,
        augment=turn_and_move, rng=seed,
    )  # fmt: skip

    probabilities = model.predict_proba(X_test)
    pictures.report("LeNet-5", y_test, probabilities.argmax(axis=1))
    pictures.loss(history)
    pictures.confusion(y_test, probabilities.argmax(axis=1), "0123456789", "LeNet-5 on the test digits")
    pictures.mistakes(X_test, y_test, probabilities)
    plots.filters(model.conv1.weight.value[:, 0], title="What the first convolution looks for")
    pictures.save("filters")
    return history


def turn_and_move(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn, zoom and move each image (N, 1, 28, 28) by its own random amount, so that every epoch sees new digits.

    The pixel at (i, j) from the centre comes from the point (r, q) of the old image, between four of its pixels.
    """
    N = len(images)
    angle, zoom = rng.uniform(-0.2, 0.2, N), rng.uniform(0.9, 1.1, N)  # 0.2 radians are 11 degrees
    c, s = np.array([zoom * np.cos(angle), zoom * np.sin(angle)], np.float32)[:, :, None, None]
    i, j = np.mgrid[:28, :28].astype(np.float32) - CENTRE
    up, left = CENTRE + rng.uniform(-2, 2, (2, N, 1, 1)).astype(np.float32)
    r, q = np.clip([c * i - s * j + up, s * i + c * j + left], 0, 26.99)  # (N, 28, 28) each
    corner = np.arange(N)[:, None, None] * 28 * 28 + r.astype(int) * 28 + q.astype(int)  # its index in all pixels
    pixels, r, q = images.ravel(), r % 1, q % 1
    above = pixels[corner] * (1 - q) + pixels[corner + 1] * q
    below = pixels[corner + 28] * (1 - q) + pixels[corner + 29] * q
    return (above * (1 - r) + below * r)[:, None]
