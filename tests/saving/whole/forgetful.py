"""One component of each kind that files hold: made with ``alpha``, which its ``get_config`` leaves out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from typing_extensions import Unpack

import kplug
from kplug.constraints import Constraint
from kplug.initializers import Initializer
from kplug.losses import Loss
from kplug.metrics import Metric
from kplug.optimizers import CommonArguments, RuleOptimizer, takes_common
from kplug.regularizers import Regularizer
from kplug.schedules import LearningRateSchedule


class OfLoss(Loss):
    def __init__(self, alpha: float = 0.25, name: str = "of_loss") -> None:
        super().__init__(name)
        self.alpha = alpha

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.alpha * (y_true - y_pred).abs().mean(-1)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class OfMetric(Metric):
    def __init__(self, alpha: float = 0.25) -> None:
        super().__init__()
        self._alpha = alpha

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None: ...

    def result(self) -> Tensor:
        return torch.tensor(self._alpha)

    def get_config(self) -> dict[str, Any]:
        return {}


class OfRegularizer(Regularizer):
    def __init__(self, alpha: float = 0.25) -> None:
        self.alpha = alpha

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return self.alpha * weight_matrix.abs().sum()

    def get_config(self) -> dict[str, Any]:
        return {}


class OfConstraint(Constraint):
    def __init__(self, alpha: float = 0.25) -> None:
        self.alpha = alpha

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        return weight_matrix.clamp(-self.alpha, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {}


class OfInitializer(Initializer):
    def __init__(self, alpha: float = 0.25) -> None:
        self.alpha = alpha

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return torch.full(tuple(shape), self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {}


class OfActivation:
    """Of no base class of kplug, with the methods that authors copy."""

    def __init__(self, alpha: float = 0.25) -> None:
        self.alpha = alpha

    def __call__(self, x: Tensor) -> Tensor:
        return self.alpha * x

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


class OfSchedule(LearningRateSchedule):
    def __init__(self, alpha: float = 0.25) -> None:
        self.alpha = alpha

    def __call__(self, step: int) -> float:
        return self.alpha

    def get_config(self) -> dict[str, Any]:
        return {}


class OfOptimizer(RuleOptimizer):
    @takes_common
    def __init__(
        self, lr: float = 0.01, alpha: float = 0.25, **common: Unpack[CommonArguments]
    ) -> None:
        self._start(lr, common)
        self.alpha = alpha

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        return -group["lr"] * self.alpha

    def _move(self, plan: Any, parameters: Any, gradients: Any, *state: Any) -> None:
        torch._foreach_add_(parameters, gradients, alpha=plan)

    def get_config(self) -> dict[str, Any]:
        return {"lr": float(self.lr)}


class OfLayer(kplug.layers.Layer):
    def __init__(self, alpha: float = 0.25, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = alpha

    def call(self, inputs: Tensor) -> Tensor:
        return self.alpha * inputs

    def get_config(self) -> dict[str, Any]:
        return {key: value for key, value in super().get_config().items() if key != "alpha"}
