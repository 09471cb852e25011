"""Models that are fitted and asked as scikit-learn's are: `fit`, `predict`, `predict_proba`, `score`."""

from solutions.models._estimator import ConvergenceWarning, NotFittedError
from solutions.models.linear import LogisticRegression, SoftmaxRegression

__all__ = ["ConvergenceWarning", "LogisticRegression", "NotFittedError", "SoftmaxRegression"]
