"""Cross-entropies, divergences and hinges as metrics: the losses' values, averaged over samples."""

from __future__ import annotations

from torch import Tensor

from kplug.losses.base.alignment import ArrayLike
from kplug.losses.base.reduction import as_weights
from kplug.losses.binary import binary_crossentropy, require_smoothing
from kplug.losses.categorical import categorical_crossentropy
from kplug.losses.divergence import kl_divergence, poisson
from kplug.losses.margin import categorical_hinge, hinge, squared_hinge
from kplug.losses.sparse import sparse_categorical_crossentropy
from kplug.metrics.base.mean import MeanMetric
from kplug.registry import named


@named("binary_crossentropy", "bce")
class BinaryCrossentropy(MeanMetric, formula=binary_crossentropy):
    """Cross-entropy of binary labels: mean −[y ln ŷ + (1 − y) ln(1 − ŷ)].

    Args:
        name, dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        label_smoothing: α in [0, 1]: y becomes y(1 − α) + α/2.

    Example:
        >>> BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])
        tensor(0.6931)

    Reference:
        ``keras.metrics.BinaryCrossentropy``.
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = require_smoothing(label_smoothing, "binary_crossentropy")


@named("categorical_crossentropy", "cce")
class CategoricalCrossentropy(MeanMetric, formula=categorical_crossentropy):
    """Cross-entropy of exclusive classes with one-hot targets: mean −Σ y ln ŷ.

    Args:
        name, dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        label_smoothing: α in [0, 1]: y becomes y(1 − α) + α/C.
        axis: The axis of the classes.

    Example:
        >>> CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])
        tensor(0.6931)

    Reference:
        ``keras.metrics.CategoricalCrossentropy``.
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = require_smoothing(label_smoothing, "categorical_crossentropy")
        self.axis = axis


class SparseCategoricalCrossentropy(MeanMetric, formula=sparse_categorical_crossentropy):
    """Cross-entropy of exclusive classes with class ids: mean −ln ŷ[y].

    Args:
        name, dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        ignore_class: A class id whose places have the value 0, and no weight where weights are given;
            None for none.
        axis: The axis of the classes.

    Example:
        >>> SparseCategoricalCrossentropy()([1], [[0.5, 0.5]])
        tensor(0.6931)

    Reference:
        ``keras.metrics.SparseCategoricalCrossentropy``. As in Keras, ignored places count in an
        unweighted mean.
    """

    aligns_ranks = False

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def accumulate_pair(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: ArrayLike = None
    ) -> None:
        """Add a batch; ignored places lose their weights."""
        values = self.call(y_true, y_pred)
        if self.ignore_class is not None and sample_weight is not None:
            is_kept = y_true.reshape(values.shape) != self.ignore_class
            sample_weight = as_weights(sample_weight, values, self.name) * is_kept
        self.accumulate(values, sample_weight)


@named("kl_divergence", "kld", "kullback_leibler_divergence")
class KLDivergence(MeanMetric, formula=kl_divergence):
    """Kullback-Leibler divergence: mean Σ y ln(y / ŷ).

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])
        tensor(0.1438)

    Reference:
        ``keras.metrics.KLDivergence``.
    """


class Poisson(MeanMetric, formula=poisson):
    """Negative log-likelihood of counts: mean (ŷ − y ln(ŷ + ε)).

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> Poisson()([[2.0]], [[2.0]])
        tensor(0.6137)

    Reference:
        ``keras.metrics.Poisson``.
    """


class Hinge(MeanMetric, formula=hinge):
    """Margin that is missing to 1: mean max(1 − y·ŷ, 0).

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> Hinge()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
        tensor(1.3000)

    Reference:
        ``keras.metrics.Hinge``.
    """


class SquaredHinge(MeanMetric, formula=squared_hinge):
    """Square of the missing margin: mean max(1 − y·ŷ, 0)².

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> SquaredHinge()([[0.0, 1.0]], [[0.6, 0.4]])
        tensor(1.4600)

    Reference:
        ``keras.metrics.SquaredHinge``.
    """


class CategoricalHinge(MeanMetric, formula=categorical_hinge):
    """Margin of the true class over the best wrong one: mean max(0, max((1 − y)·ŷ) − Σ y·ŷ + 1).

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> CategoricalHinge()([[0.0, 1.0, 0.0]], [[0.5, 0.4, 0.1]])
        tensor(1.1000)

    Reference:
        ``keras.metrics.CategoricalHinge``.
    """
