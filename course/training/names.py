"""An LSTM tells the country that a surname comes from; counting its letters is what it must beat.

A toy to see how a network reads a sequence; datasets/README.md says what it must never be used for.
"""

import numpy as np

from course.kit import data
from course.training.pictures import Pictures
from solutions.models import CharLSTM, SoftmaxRegression
from solutions.training import History

EPOCHS = 20  # at most: training ends when the names that are held out get no better


def train(epochs: int, seed: int, pictures: Pictures) -> History:
    """Train both, print the test accuracies, and draw what was learned."""
    surnames, y, countries = data.names("train")
    surnames_test, y_test, _ = data.names("test")
    # Small letters only: whether a surname begins with "van" or "Van" is a habit of writing lists.
    X, X_test = [name.lower() for name in surnames], [name.lower() for name in surnames_test]

    alphabet = sorted(set("".join(X)))
    counts = SoftmaxRegression(weight_decay=1e-3, tol=1e-4).fit(count_letters(X, alphabet), y)
    pictures.report("counting letters", y_test, counts.predict(count_letters(X_test, alphabet)))

    model = CharLSTM(
        hidden_size=96, embedding_size=32, epochs=epochs, batch_size=64, early_stopping=3, progress=True, rng=seed
    )
    model.fit(X, y)
    predicted = model.predict(X_test)
    pictures.report("LSTM", y_test, predicted)

    pictures.loss(model.history_)
    pictures.confusion(y_test, predicted, countries, "Country of origin of surnames: LSTM on the test names")
    pictures.letters(counts.coef_, alphabet, countries)
    for name, k, answer in list(zip(surnames_test, y_test, predicted, strict=True))[:5]:
        print(f"  {name}: {countries[answer]}" + ("" if answer == k else f", in truth {countries[k]}"))
    return model.history_


def count_letters(names: list[str], alphabet: list[str]) -> np.ndarray:
    """How often each letter of the alphabet is in each name, whatever the order: (N, letters)."""
    return np.array([[name.count(letter) for letter in alphabet] for name in names], np.float32)
