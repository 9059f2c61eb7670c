"""`WeightedSum`: several losses added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor
from typing_extensions import Self

from kplug.components.arguments import refusal, require_number
from kplug.components.configurable import check_keys, read_config
from kplug.dialect.serialization import deserialize_component, resolve_whole
from kplug.errors import DataError
from kplug.losses.base.alignment import ArrayLike
from kplug.losses.base.loss import Loss
from kplug.registry import keras_class, resolve_object


@keras_class(None)
class WeightedSum(Loss):
    """Several losses on the same predictions, added up.

    L = Σ wᵢ · Lᵢ(y, ŷ), where each Lᵢ has a reduction of its own, and is given the sample weights and the
    mask. In ``fit``, ``evaluate`` and ``History`` each Lᵢ has a log of its own, without its wᵢ.

    Args:
        terms: The losses Lᵢ, at least one: names, specs, functions of ``(y_true, y_pred)``, instances.
        weights: The finite numbers wᵢ, one for each; None is 1 for all.

    Raises:
        ArgumentValueError: if there is no term, or not one finite number for each.

    Example:
        >>> kplug_sum = WeightedSum(["mae", "mse"], weights=[1.0, 0.5])
        >>> kplug_sum([[0.0, 0.0]], [[2.0, 4.0]])
        tensor(8.)

    Reference:
        The grammar writes it ``"mae + 0.5*mse"``. Keras has none.
    """

    def __init__(self, terms: Sequence[Any], weights: Sequence[float] | None = None) -> None:
        super().__init__()
        if not isinstance(terms, (list, tuple)) or not terms:
            raise refusal(self.name, "terms", terms, "a list of losses, at least one")
        self.terms = [
            resolve_object("loss", term, where=f"terms[{at}]") for at, term in enumerate(terms)
        ]
        self.weights = _require_weights(self.name, weights, len(terms))

    def __call__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike = None,
        mask: ArrayLike = None,
    ) -> Tensor:
        """Return the sum; see `Loss.__call__`.

        Raises:
            DataError: if the terms' reductions leave values of different shapes.
        """
        masks = () if mask is None else (mask,)
        return self._add(term(y_true, y_pred, sample_weight, *masks) for term in self.terms)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the sum for each sample, without the terms' reductions."""
        return self._add(term.values(y_true, y_pred) for term in self.terms)

    def _add(self, values: Iterable[Tensor]) -> Tensor:
        first, *others = (
            value * weight for value, weight in zip(values, self.weights, strict=True)
        )
        total: Tensor = first
        for value in others:
            if value.shape != total.shape:
                raise DataError(
                    f"{self.name}: its terms have the shapes {tuple(total.shape)} and "
                    f"{tuple(value.shape)}, which cannot be added up",
                    hint="Give them the same reduction; 'none' leaves what shape a loss has.",
                )
            total = total + value
        return total

    def get_config(self) -> dict[str, Any]:
        """Return the terms as specs, and the weights."""
        terms = [str(resolve_whole("loss", term).spec) for term in self.terms]
        return {"terms": terms, "weights": [*self.weights]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the sum of a configuration; no preference changes what a stored name means."""
        arguments = dict(read_config(cls, config))
        check_keys(cls, arguments)
        if isinstance(arguments.get("terms"), (list, tuple)):
            arguments["terms"] = [
                deserialize_component("loss", term) if isinstance(term, (str, Mapping)) else term
                for term in arguments["terms"]
            ]
        return cls(**arguments)


def _require_weights(owner: str, weights: object, count: int) -> list[float]:
    allowed = f"a list of {count} finite numbers, one for each term"
    if weights is None:
        return [1.0] * count
    if not isinstance(weights, (list, tuple)) or len(weights) != count:
        raise refusal(owner, "weights", weights, allowed)
    return [require_number(owner, "weights", weight, allowed) for weight in weights]
