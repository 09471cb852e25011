"""Models that are fitted and asked as scikit-learn's are: `fit`, `predict`, `predict_proba`, `score`."""

from solutions.models._estimator import ConvergenceWarning, NotFittedError
from solutions.models.characters import CharLSTM, CharRNN
from solutions.models.images import ConvNet, LeNet5
from solutions.models.linear import LogisticRegression, SoftmaxRegression
from solutions.models.mlp import MLPClassifier, MLPRegressor
from solutions.models.one_vs_rest import OneVsRest
from solutions.models.perceptron import Perceptron

__all__ = [
    "CharLSTM",
    "CharRNN",
    "ConvNet",
    "ConvergenceWarning",
    "LeNet5",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "NotFittedError",
    "OneVsRest",
    "Perceptron",
    "SoftmaxRegression",
]
