"""``keras.wrappers.scikit_learn``: scikit-learn estimators of model-building functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from typing_extensions import Self

import kplug
from kplug_keras2.models.methods import FIT_ARGUMENTS, PREDICT_ARGUMENTS

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]


class BaseWrapper:
    """Base class of the two wrappers.

    Args:
        build_fn: A function that returns a compiled model; or None, and the class has ``__call__``.
        **sk_params: Its arguments, and those of ``fit`` and ``predict``.

    Attributes:
        model: The model, after ``fit``.
    """

    _estimator_type: str
    model: Any

    def __init__(self, build_fn: Callable[..., Any] | None = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self.sk_params = sk_params

    def __sklearn_tags__(self) -> Any:
        """Return the tags of the estimator for scikit-learn."""
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

        mixin = ClassifierMixin if self._estimator_type == "classifier" else RegressorMixin
        return type("_Tagged", (mixin, BaseEstimator), {})().__sklearn_tags__()

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn's
        """Return the arguments, for scikit-learn's ``clone``."""
        return {"build_fn": self.build_fn, **self.sk_params}

    def set_params(self, **params: Any) -> Self:
        """Set arguments."""
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.sk_params.update(params)
        return self

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a model and train it; return the history."""
        build: Any = self.build_fn or self.__call__  # type: ignore[operator]
        known = inspect.signature(build).parameters
        self.model = build(**{name: one for name, one in self.sk_params.items() if name in known})
        targets = np.asarray(y)
        if "categorical_crossentropy" in str(self._find_loss_name()) and targets.ndim == 1:
            targets = kplug.utils.to_categorical(targets)
        return self.model.fit(x, targets, **self._choose(FIT_ARGUMENTS, kwargs))

    def _find_loss_name(self) -> str:
        name = str(getattr(self.model.loss, "name", ""))
        return "" if name.startswith("sparse") else name

    def _choose(self, names: tuple[str, ...], given: dict[str, Any]) -> dict[str, Any]:
        own = {name: one for name, one in self.sk_params.items() if name in names}
        return {**own, **given}


class KerasClassifier(BaseWrapper):
    """A classifier of scikit-learn.

    Attributes:
        classes_: The classes, as they are named in the targets.
    """

    _estimator_type = "classifier"

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a model and train it on classes, or on one-hot rows; return the history."""
        targets = np.asarray(y)
        if targets.ndim == 2 and targets.shape[1] > 1:
            self.classes_ = np.arange(targets.shape[1])
            return super().fit(x, targets, **kwargs)
        self.classes_, ids = np.unique(targets.ravel(), return_inverse=True)
        return super().fit(x, ids, **kwargs)

    def predict_proba(self, x: Any, **kwargs: Any) -> Any:
        """Return the probability of each class: two for a model with one output."""
        found = self.model.predict(x, **self._choose(PREDICT_ARGUMENTS, kwargs))
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Return the most likely class of each sample."""
        return self.classes_[self.predict_proba(x, **kwargs).argmax(axis=-1)]

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return the accuracy."""
        targets = np.asarray(y)
        if targets.ndim == 2 and targets.shape[1] > 1:
            targets = targets.argmax(axis=-1)
        return float((self.predict(x, **kwargs) == targets.ravel()).mean())


class KerasRegressor(BaseWrapper):
    """A regressor of scikit-learn."""

    _estimator_type = "regressor"

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """Return the predictions, without an axis of size 1."""
        return np.squeeze(self.model.predict(x, **self._choose(PREDICT_ARGUMENTS, kwargs)), axis=-1)

    def score(self, x: Any, y: Any, **kwargs: Any) -> float:
        """Return minus the loss, so that more is better."""
        found = self.model.evaluate(x, y, **self._choose(("batch_size", "verbose"), kwargs))
        return -float(found[0] if isinstance(found, list) else found)
