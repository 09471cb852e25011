"""Recurrent networks that read a word character by character and name its class: the country of origin of a name.

Shape letters: N batch, T characters, E entries for each character, H hidden units, K classes.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from solutions._validation import described, generator, integer
from solutions.layers import LSTM, RNN, Embedding, Layer, Linear
from solutions.models._estimator import ProbabilityClassifier, labels
from solutions.models._network import probabilities, train_classifier
from solutions.training import History

PADDING, UNKNOWN = 0, 1  # codes of what follows the end of a word, and of characters that fit never saw


class _CharNetwork(Layer):
    """Codes (N, T), words followed by zeros, to scores (N, K): look up, read, and judge by the last state."""

    def __init__(self, reader: type[Any], codes: int, embedding: int, hidden: int, classes: int, **new: Any) -> None:
        super().__init__(**new)
        self.embedding = Embedding(codes, embedding, padding_idx=PADDING, **new)
        self.embedding.weight.value[UNKNOWN] = 0
        self.reader = reader(embedding, hidden, **new)
        self.linear = Linear(hidden, classes, **new)

    def _accepted(self, x: Any) -> np.ndarray:
        return np.asarray(x)

    def _forward(self, codes: np.ndarray) -> tuple[np.ndarray, tuple]:
        lengths = np.count_nonzero(codes, axis=1)
        codes = codes[:, : max(1, lengths.max(initial=0))]
        _, state = self.reader.forward(self.embedding.forward(codes), lengths)
        return self.linear.forward(state[0] if isinstance(state, tuple) else state), ()

    def _backward(self, grad_output: np.ndarray) -> None:
        grad_h = self.linear.backward(grad_output)
        grad_state = (grad_h, None) if isinstance(self.reader, LSTM) else grad_h
        self.embedding.backward(self.reader.backward(None, grad_state))


class _CharClassifier(ProbabilityClassifier):
    """What both share: words to codes, training, answers."""

    _reader: type[Any]
    network_: _CharNetwork
    history_: History
    alphabet_: str

    def __init__(
        self,
        hidden_size: int = 64,
        embedding_size: int = 16,
        *,
        epochs: int = 20,
        batch_size: int = 32,
        lr: float = 5e-3,
        early_stopping: int | None = None,
        validation_fraction: float = 0.1,
        progress: bool = False,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        self.hidden_size = hidden_size
        self.embedding_size = embedding_size
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.progress = progress
        self.rng = rng
        self.dtype = dtype

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from words X, N strings, and their labels y (N,); every call begins with new weights."""
        words = _words(X)
        classes, indices = labels(y, len(words))
        self.alphabet_ = "".join(sorted(set("".join(words))))
        codes, rng = self._codes(words), generator(self.rng)
        network = _CharNetwork(
            self._reader,
            len(self.alphabet_) + 2,
            integer("embedding_size", self.embedding_size, minimum=1),
            integer("hidden_size", self.hidden_size, minimum=1),
            len(classes),
            rng=rng,
            dtype=self.dtype,
        )
        self.history_ = train_classifier(network, self, codes, indices, rng)
        self.network_, self.classes_ = network, classes
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of all classes (N, K), in the order of `classes_`."""
        self._check_fitted("classes_")
        return probabilities(self.network_, self._codes(_words(X)))

    def _codes(self, words: list[str]) -> np.ndarray:
        """Return words as rows of codes, padded with zeros to the longest: (N, T)."""
        code = {character: i for i, character in enumerate(self.alphabet_, start=UNKNOWN + 1)}
        codes = np.zeros((len(words), max(1, *map(len, words), 1)), np.int64)
        for row, word in zip(codes, words, strict=True):
            row[: len(word)] = [code.get(character, UNKNOWN) for character in word]
        return codes


class CharRNN(_CharClassifier):
    """Classify words with a simple recurrent network that reads them character by character.

    h_t = tanh(W_ih e(c_t) + b_ih + W_hh h_(t-1) + b_hh);  P(y | word) = softmax(W h_T + b)

    e(c) is a learned row for each character; T is the word's own length, h_T the state after its last character.
    Characters that were not in the training words tell nothing: their row is zero.

    Args: hidden_size H; embedding_size E; epochs, batch_size, lr (of Adam); early_stopping, a patience in epochs, on
        validation_fraction of the words; progress, show a bar; rng, a generator, a seed or None; dtype.
    Attributes after fit: classes_ (K,), alphabet_, network_ (a layer: embedding, reader, linear), history_.
    Raises: TypeError or ValueError where X, y or an argument does not fit; NotFittedError for an answer before `fit`.
    Source: deck 000 "Recurrent Neural Network", "Country of origin of a name".

    >>> words = ["anna", "hanna", "nina", "otto", "toto", "roto"]
    >>> model = CharRNN(hidden_size=8, embedding_size=4, lr=0.05, rng=0).fit(words, [0, 0, 0, 1, 1, 1])
    >>> model.predict(["ana", "oto"]), model.alphabet_
    (array([0, 1]), 'ahinort')
    """

    _reader = RNN


class CharLSTM(_CharClassifier):
    """Classify words with a long short-term memory that reads them character by character.

    P(y | word) = softmax(W h_T + b), where h_T is the state of an `LSTM` after the word's last character

    Args: as `CharRNN`.
    Attributes after fit: as `CharRNN`.
    Raises: as `CharRNN`.
    Source: deck 000 "LSTM", "Country of origin of a name".

    >>> words = ["anna", "hanna", "nina", "otto", "toto", "roto"]
    >>> model = CharLSTM(hidden_size=8, embedding_size=4, lr=0.05, rng=0).fit(words, [0, 0, 0, 1, 1, 1])
    >>> model.predict(["ana", "oto"])
    array([0, 1])
    """

    _reader = LSTM


def _words(X: Any) -> list[str]:
    """Return X as a list of strings."""
    if isinstance(X, str) or not hasattr(X, "__iter__"):
        raise TypeError(f"X must be a list of strings, got {described(X)}")
    words = list(X)
    for i, word in enumerate(words):
        if not isinstance(word, str):
            raise TypeError(f"X must hold strings, got {described(word)} at position {i}")
    return words
