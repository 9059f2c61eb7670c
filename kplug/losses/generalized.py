"""Generalized cross-entropy: between cross-entropy and absolute error, for noisy labels."""

from __future__ import annotations

from torch import Tensor

from kplug.components.arguments import require_number
from kplug.losses.base.alignment import ArrayLike, as_predictions, as_tensor
from kplug.losses.base.checks import require_ids, require_range, require_whole
from kplug.losses.base.class_ids import as_class_ids, explain
from kplug.losses.base.formula import FormulaLoss
from kplug.losses.base.powers import power_of_share

_OWNER = "categorical_generalized_cross_entropy"


def categorical_generalized_cross_entropy(
    y_true: ArrayLike, y_pred: ArrayLike, q: float = 0.5
) -> Tensor:
    """Return the values of `CategoricalGeneralizedCrossEntropy` before the reduction, shape (N, …).

    The arguments are those of the class.
    """
    exponent = _require_exponent(q)
    predictions = as_predictions(y_pred, owner=_OWNER)
    ids = as_class_ids(as_tensor(y_true, _OWNER, "y_true"), predictions, -1, _OWNER)
    try:
        # 0 times the others, so that a NaN propagates.
        others = predictions.detach().sum(-1) * 0.0
        shares = predictions.gather(-1, ids.unsqueeze(-1)).squeeze(-1) + others
    except (IndexError, RuntimeError) as error:
        explain(error, _OWNER, ids, predictions.shape[-1])
        raise
    return (1.0 - power_of_share(shares, exponent)) / exponent


def _require_exponent(q: object) -> float:
    return require_number(_OWNER, "q", q, "a number in (0, 1)", above=0.0, below=1.0)


class CategoricalGeneralizedCrossEntropy(
    FormulaLoss, formula=categorical_generalized_cross_entropy
):
    """Cross-entropy for labels of which some are wrong.

    L = (1 − ŷ[y]^q) / q for class ids in [0, C), shape (N, …) or (N, …, 1), and probabilities of shape
    (N, …, C), then by ``reduction``. Near q = 0 it is cross-entropy; near q = 1 it is 1 − ŷ[y], which a
    wrong label cannot make large.

    Args:
        q: In (0, 1).
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes do not fit or, on a CPU, an id is out of range; at the
            first call also for probabilities outside [0, 1].

    Example:
        >>> CategoricalGeneralizedCrossEntropy()([0, 1], [[0.64, 0.36], [0.64, 0.36]])
        tensor(0.6000)

    Reference:
        Z. Zhang and M. Sabuncu, "Generalized cross entropy loss for training deep neural networks with
        noisy labels", 2018; ``keras.losses.CategoricalGeneralizedCrossEntropy``. The gradient of a
        probability of exactly 0 is 0; Keras's is infinite.
    """

    takes_class_ids = True

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = _OWNER,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.q = _require_exponent(q)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse ids that are no class, and probabilities outside [0, 1]."""
        require_whole(_OWNER, "y_true", y_true)
        require_ids(_OWNER, as_class_ids(y_true, y_pred, -1, _OWNER), y_pred.shape[-1])
        require_range(_OWNER, "y_pred", y_pred, hint="End the model with a softmax.")
