"""Training: batches of examples, the loop that learns from them, and the record of how it went.

`fit(model, CrossEntropyLoss(), Adam(model.parameters()), (X, y), epochs=10).plot()` is a whole program.
"""

from solutions.training.batches import minibatches, one_hot, train_test_split
from solutions.training.history import History
from solutions.training.loop import EarlyStopping, fit, no_grad_x

__all__ = ["EarlyStopping", "History", "fit", "minibatches", "no_grad_x", "one_hot", "train_test_split"]
