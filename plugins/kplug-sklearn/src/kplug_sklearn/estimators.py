"""scikit-learn classifier, regressor and transformer that wrap models."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils import multiclass, validation
from typing_extensions import Self

from kplug.components.contracts import check_call
from kplug.errors import ArgumentError, ContractError, DataError, NotCompiledError
from kplug.models import Model, copy_untrained
from kplug_sklearn.arguments import add_arguments
from kplug_sklearn.seeding import seeded

if TYPE_CHECKING:
    from kplug.callbacks import History

Array = NDArray[Any]

_MODEL = "Give a compiled model, or a function (X, y) that returns one."
_NESTED = (
    "model",
    "fit",
    "loss",
    "optimizer",
)  # `model__units` is the entry "units" of `model_kwargs`


class _Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of the estimators: a model, its training, and checks of the data."""

    model_: Model
    history_: dict[str, list[Any]]

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        fit_kwargs: Mapping[str, Any] | None = None,
        random_state: Any = None,
        loss: Any = None,
        optimizer: Any = None,
        loss_kwargs: Mapping[str, Any] | None = None,
        optimizer_kwargs: Mapping[str, Any] | None = None,
        **nested: Any,
    ) -> None:
        # Unchanged, as scikit-learn clones an estimator by its arguments.
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs
        self.random_state = random_state
        self.loss = loss
        self.optimizer = optimizer
        self.loss_kwargs = loss_kwargs
        self.optimizer_kwargs = optimizer_kwargs
        if nested:  # `clone` gives none of them
            self.set_params(**nested)

    # Without `nested`, since scikit-learn takes each of these for a parameter.
    __signature__ = inspect.Signature([*inspect.signature(__init__).parameters.values()][1:-1])

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; ``deep`` adds one for each entry of a ``…_kwargs``, as ``model__units``."""
        params: dict[str, Any] = super().get_params(deep=deep)
        entries = {owner: params[f"{owner}_kwargs"] for owner in _NESTED} if deep else {}
        return params | {
            f"{owner}__{name}": value
            for owner, given in entries.items()
            if isinstance(given, Mapping)
            for name, value in given.items()
        }

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``optimizer__lr`` sets the entry ``lr`` of ``optimizer_kwargs``, and so on.

        Raises:
            ValueError: There is no parameter of that name.
        """
        split = {name: name.partition("__") for name in params}
        nested = {name for name, (owner, _, entry) in split.items() if entry and owner in _NESTED}
        super().set_params(**{name: params[name] for name in params.keys() - nested})
        for name in sorted(nested):
            owner, _, entry = split[name]
            before = getattr(self, f"{owner}_kwargs") or {}
            setattr(self, f"{owner}_kwargs", {**before, entry: params[name]})
        return self

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Train a new model, or the last one with ``warm_start``.

        Args:
            X: The samples, of shape (samples, …).
            y: The targets, of shape (samples,) or (samples, outputs).
            **kwargs: Arguments of the model's ``fit``, which count before ``fit_kwargs``.

        Returns:
            The estimator.

        Raises:
            NotCompiledError: The model is not compiled.
        """
        X, y = self._check(X, y)
        multiclass.type_of_target(y, raise_unknown=True)
        targets = self._encode(y)
        with seeded(self.random_state):
            model = self._choose_model(X, targets)
            if model is not getattr(self, "model_", None):  # a warm start keeps its optimizer
                self._compile(model)
            self._require_compiled(model)
            history = self._train(model, X, targets, {**(self.fit_kwargs or {}), **kwargs})
        self.model_, self.history_ = model, history.history
        return self

    def _train(self, model: Model, X: Array, targets: Array, options: Mapping[str, Any]) -> History:
        return model.fit(X, targets, **options)

    def _compile(self, model: Model) -> None:
        """Compile a model with the estimator's loss and optimizer, and all else as it is."""
        before = {} if model.compiled is None else vars(model.compiled.settings)
        changed: dict[str, Any] = {}
        for slot in ("loss", "optimizer"):
            given, arguments = getattr(self, slot), getattr(self, f"{slot}_kwargs") or {}
            if given is None:
                given = before.get(slot) if arguments else None
            if given is not None:
                owner = f"{type(self).__name__}: {slot}"
                changed[slot] = add_arguments(owner, slot, given, arguments)
            elif arguments:
                raise ArgumentError(
                    f"{type(self).__name__}: {slot}__{next(iter(arguments))} is given, and neither the "
                    f"estimator nor its model says of which {slot}",
                    hint=f"Give {slot}=… too, by its name.",
                )
        if changed and (before or "loss" in changed):
            model.compile(**{**before, **changed})

    def _require_compiled(self, model: Model) -> None:
        if model.compiled is None:
            raise NotCompiledError(
                f"{type(self).__name__}: model {model.name!r} is not compiled",
                hint="Call its compile(…) first, or give loss=…; a function returns a compiled model.",
            )

    def _check(self, X: Any, y: Any) -> tuple[Array, Array]:
        X, y = validation.validate_data(self, X, y, allow_nd=True)
        return X, y

    def _encode(self, y: Array) -> Array:
        """Return the targets as the model takes them."""
        return y

    def _choose_model(self, X: Array, y: Array) -> Model:
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if not isinstance(self.model, Model):
            owner, keywords = type(self).__name__, self.model_kwargs or {}
            if not callable(self.model):
                raise ContractError(f"{owner}: model is {self.model!r:.80}", hint=_MODEL)
            check_call(
                self.model, (), {"X": X, "y": y, **keywords}, f"the model of {owner}", _MODEL
            )
            return self.model(X=X, y=y, **keywords)
        if self.model_kwargs:
            name = next(iter(self.model_kwargs))
            raise ArgumentError(
                f"{type(self).__name__}: model__{name} is given, and the model is made already",
                hint=f"Give a function (X, y, {name}=…) that returns a compiled model.",
            )
        made: Model = self.model if self.warm_start else copy_untrained(self.model)
        return made

    def _run(self, X: Any) -> Array:
        validation.check_is_fitted(self, "model_")
        samples = validation.validate_data(self, X, reset=False, allow_nd=True)
        made: Array = self.model_.predict(samples, verbose=0)
        return made


class KplugClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A model as a classifier of scikit-learn.

    The model receives one-hot targets of shape (samples, classes), so its loss is
    ``categorical_crossentropy`` or another one for such targets.

    Args:
        model: A compiled model, of which each ``fit`` trains a copy with new weights; or a function that is
            called as ``model(X=…, y=…, **model_kwargs)`` and returns a compiled model.
        warm_start: Whether ``fit`` goes on with the model that it trained last.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's ``fit``, such as ``epochs``.
        random_state: An integer, or a ``numpy.random.RandomState``, that makes ``fit`` repeatable; ``None``
            draws from the generators that ``kplug.utils.set_random_seed`` sets.
        loss: The loss by name, spec or object, in the place of the model's; None keeps that one.
        optimizer: The optimizer, likewise.
        loss_kwargs: Further arguments of the loss.
        optimizer_kwargs: Further arguments of the optimizer.
        **nested: One entry of such a dict: ``model__units=32``, ``fit__epochs=5``, ``optimizer__lr=0.1``.

    Attributes:
        model_: The model, once it is trained.
        history_: What its ``fit`` recorded, by name.
        classes_: The classes in order.

    Example:
        >>> import numpy as np
        >>> from kplug import Sequential
        >>> from kplug.layers import Dense
        >>> def make(X, y):
        ...     model = Sequential([Dense(y.shape[1], "softmax", input_dim=X.shape[1])])
        ...     model.compile("adam", "categorical_crossentropy")
        ...     return model
        >>> X, y = np.array([[0.0], [1.0]] * 8), np.array(["a", "b"] * 8)
        >>> classifier = KplugClassifier(make, fit_kwargs={"epochs": 2, "verbose": 0}).fit(X, y)
        >>> classifier.predict(X).shape, classifier.predict_proba(X).shape
        ((16,), (16, 2))

    Reference:
        ``keras.wrappers.SKLearnClassifier``, which has ``decision_function`` for what ``predict_proba``
        returns here: scikit-learn wants one number a sample of it where there are two classes.
    """

    classes_: Array

    def _encode(self, y: Array) -> Array:
        multiclass.check_classification_targets(y)
        self.classes_, ids = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            raise DataError(
                f"{type(self).__name__}: all targets are of one class, {self.classes_.tolist()[0]!r}",
                hint="A classifier needs samples of two classes at least.",
            )
        return np.eye(len(self.classes_), dtype="float32")[ids]

    def _train(self, model: Model, X: Array, targets: Array, options: Mapping[str, Any]) -> History:
        try:
            return super()._train(model, X, targets, options)
        except DataError as error:
            if "y_true has shape" in error.message:  # the one-hot shape, not the given one
                owner, classes = type(self).__name__, targets.shape[1]
                error.hint = (
                    f"{owner} makes the classes one-hot, of shape (samples, {classes}). Let the model end in "
                    f"Dense({classes}, 'softmax'), and compile it with 'categorical_crossentropy', and with "
                    "metrics without 'sparse_'."
                )
            raise

    def predict(self, X: Any) -> Array:
        """Return the class with the largest output of each sample, shape (samples,)."""
        made = self._run(X)
        found: Array = self.classes_[made.argmax(axis=1)]
        return found

    def predict_proba(self, X: Any) -> Array:
        """Return the model's outputs, shape (samples, classes): probabilities, if it ends in a softmax."""
        return self._run(X)


class KplugRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A model as a regressor of scikit-learn.

    Args:
        model: A compiled model, of which each ``fit`` trains a copy with new weights; or a function that is
            called as ``model(X=…, y=…, **model_kwargs)`` and returns a compiled model.
        warm_start: Whether ``fit`` goes on with the model that it trained last.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's ``fit``, such as ``epochs``.
        random_state: An integer, or a ``numpy.random.RandomState``, that makes ``fit`` repeatable; ``None``
            draws from the generators that ``kplug.utils.set_random_seed`` sets.
        loss: The loss by name, spec or object, in the place of the model's; None keeps that one.
        optimizer: The optimizer, likewise.
        loss_kwargs: Further arguments of the loss.
        optimizer_kwargs: Further arguments of the optimizer.
        **nested: One entry of such a dict: ``model__units=32``, ``fit__epochs=5``, ``optimizer__lr=0.1``.

    Attributes:
        model_: The model, once it is trained.
        history_: What its ``fit`` recorded, by name.

    Example:
        >>> import numpy as np
        >>> from kplug import Sequential
        >>> from kplug.layers import Dense
        >>> model = Sequential([Dense(1, input_dim=2)])
        >>> model.compile("adam", "mse")
        >>> regressor = KplugRegressor(model, fit_kwargs={"verbose": 0})
        >>> regressor.fit(np.ones((8, 2)), np.ones(8)).predict(np.ones((3, 2))).shape
        (3,)

    Reference:
        ``keras.wrappers.SKLearnRegressor``.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _check(self, X: Any, y: Any) -> tuple[Array, Array]:
        options = {"allow_nd": True, "multi_output": True, "y_numeric": True}
        X, y = validation.validate_data(self, X, y, **options)
        self._is_flat, self._dtype = y.ndim == 1, y.dtype if y.dtype.kind == "f" else None
        return X, y.reshape(-1, 1) if self._is_flat else y

    def predict(self, X: Any) -> Array:
        """Return the predictions, of shape (samples,) or (samples, outputs) as the targets are."""
        made = self._run(X)
        made = made.astype(self._dtype or made.dtype)
        return made[:, 0] if self._is_flat else made


class KplugTransformer(TransformerMixin, _Estimator):  # type: ignore[misc]
    """A model as a transformer of scikit-learn, whose predictions are the input of the next pipeline step.

    Args:
        model: A compiled model, of which each ``fit`` trains a copy with new weights; or a function that is
            called as ``model(X=…, y=…, **model_kwargs)`` and returns a compiled model.
        warm_start: Whether ``fit`` goes on with the model that it trained last.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's ``fit``, such as ``epochs``.
        random_state: An integer, or a ``numpy.random.RandomState``, that makes ``fit`` repeatable; ``None``
            draws from the generators that ``kplug.utils.set_random_seed`` sets.
        loss: The loss by name, spec or object, in the place of the model's; None keeps that one.
        optimizer: The optimizer, likewise.
        loss_kwargs: Further arguments of the loss.
        optimizer_kwargs: Further arguments of the optimizer.
        **nested: One entry of such a dict: ``model__units=32``, ``fit__epochs=5``, ``optimizer__lr=0.1``.

    Attributes:
        model_: The model, once it is trained.
        history_: What its ``fit`` recorded, by name.

    Example:
        >>> import numpy as np
        >>> from kplug import Sequential
        >>> from kplug.layers import Dense
        >>> model = Sequential([Dense(2, input_dim=2)])
        >>> model.compile("adam", "mse")
        >>> X = np.ones((8, 2))
        >>> KplugTransformer(model, fit_kwargs={"verbose": 0}).fit_transform(X, X).shape
        (8, 2)

    Reference:
        ``keras.wrappers.SKLearnTransformer``.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _check(self, X: Any, y: Any) -> tuple[Array, Array]:
        X, y = validation.validate_data(self, X, y, allow_nd=True, multi_output=True)
        return X, y.reshape(-1, 1) if y.ndim == 1 else y

    def transform(self, X: Any) -> Array:
        """Return the model's predictions, of shape (samples, outputs)."""
        return self._run(X)
