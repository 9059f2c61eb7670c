"""Objects of torch, torchmetrics, MONAI and pytorch-optimizer, called as their documentation says.

Here their tensors are put in order by hand, and not by kplug's adapters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import monai.losses
import pytorch_optimizer
import torch
import torchmetrics
from kplug_torchmetrics.table import ROWS
from torch import Tensor

from kplug import Spec
from kplug.metrics import Metric

Loss = Callable[[Tensor, Tensor], Tensor]


def make_optimizer(owner: Any, spec: Spec) -> Any:
    """Return a class of torch's optimizers with its arguments."""
    return functools.partial(owner, **spec.kwargs)


def make_torch_loss(owner: Any, spec: Spec) -> Loss:
    """Return a loss module of torch; it has one value for a batch."""
    module = owner(**spec.kwargs)

    def compute(y_true: Tensor, y_pred: Tensor) -> Tensor:
        is_of_ids = owner.__name__ in ("MultiLabelMarginLoss", "MultiMarginLoss", "NLLLoss")
        found: Tensor = module(y_pred, y_true.long() if is_of_ids else y_true)
        return found

    return compute


def make_torch_initializer(function: Any, spec: Spec) -> Callable[..., Tensor]:
    """Return a function of ``torch.nn.init`` for Keras's order of axes."""

    def initialize(shape: Sequence[int], dtype: Any = None) -> Tensor:
        if len(shape) < 2:
            vector: Tensor = function(torch.empty(*shape, dtype=dtype), **spec.kwargs)
            return vector
        *spatial, inputs, outputs = shape
        empty = torch.empty(outputs, inputs, *spatial, dtype=dtype)
        made: Tensor = function(empty, **spec.kwargs)
        return made.movedim((0, 1), (-1, -2))

    return initialize


def make_second_axis_loss(owner: Any, spec: Spec) -> Loss:
    """Return a loss of MONAI, whose channels are on the second axis; it has one value for a batch."""
    module = owner(**spec.kwargs)

    def compute(y_true: Tensor, y_pred: Tensor) -> Tensor:
        found: Tensor = module(_second(y_pred), _second(y_true))
        return found

    return compute


def make_plain_loss(owner: Any, spec: Spec) -> Loss:
    """Return a loss of pytorch-optimizer; some take class ids, with the classes on the second axis."""
    module = owner(**spec.kwargs)

    def compute(y_true: Tensor, y_pred: Tensor) -> Tensor:
        if owner.__name__ in _OF_IDS and y_true.shape == y_pred.shape:
            y_true = y_true.argmax(-1)
        found: Tensor = module(y_pred, y_true)
        return found

    return compute


_OF_IDS = ("BiTemperedLogisticLoss", "FocalCosineLoss", "LDAMLoss")


def make_curve(owner: Any, spec: Spec) -> Callable[[int], float]:
    """Return the rates of a scheduler of pytorch-optimizer after each of its steps."""

    def ask(step: int) -> float:
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.001)
        run = owner(optimizer, **spec.kwargs)
        for _ in range(step):
            run.step()
        return float(optimizer.param_groups[0]["lr"])

    return ask


def make_metric_of_torchmetrics(owner: Any, spec: Spec) -> Metric:
    """Return a metric of torchmetrics."""
    inputs = ROWS[
        owner.__name__.removeprefix("_")
    ].inputs  # the names of its package are of subclasses
    return ByModule(owner(**spec.kwargs), _ORDERS[inputs])


def _drop_last(value: Tensor) -> Tensor:
    return value.squeeze(-1) if value.ndim > 1 and value.shape[-1] == 1 else value


_ORDERS: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "aggregate": lambda _, p: (p,),
    "categories": lambda t, p: (_drop_last(p), _drop_last(t).long()),
    "classes": lambda t, p: (_drop_last(p), _drop_last(t).long()),
    "images": lambda t, p: (_second(p), _second(t)),
    "reversed": lambda t, p: (t, p),
    "signals": lambda t, p: (p, t),
    "values": lambda t, p: (_drop_last(p), _drop_last(t).to(p.dtype)),
    "vectors": lambda t, p: (p, t.to(p.dtype)),
}


class ByModule(Metric):
    """A metric of torchmetrics with the methods of kplug's.

    Args:
        module: The metric.
        order: Returns the arguments of its update for targets and predictions.
    """

    def __init__(self, module: Any, order: Callable[[Tensor, Tensor], Any]) -> None:
        super().__init__(name="of_torchmetrics")
        self.module, self.order = module, order

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Any = None) -> None:
        """Add a batch."""
        if sample_weight is not None:
            raise TypeError("it takes no weights")
        self.module.update(*self.order(y_true, y_pred))

    def result(self) -> Any:
        """Return the result."""
        return self.module.compute()

    def reset_state(self) -> None:
        """Reset the state."""
        self.module.reset()

    def merge_state(self, others: Any) -> None:
        """Add the states of others."""
        for one in others:
            self.module.merge_state(one.module)


def _second(value: Tensor) -> Tensor:
    return value.movedim(-1, 1) if value.ndim > 2 else value


MAKERS: Mapping[tuple[str, str], tuple[Any, Callable[[Any, Spec], Any]]] = {
    ("optimizer", "kplug_pytorch_optimizer.optimizers"): (pytorch_optimizer, make_optimizer),
    ("loss", "kplug_pytorch_optimizer.losses"): (pytorch_optimizer, make_plain_loss),
    ("schedule", "kplug_pytorch_optimizer.schedules"): (pytorch_optimizer, make_curve),
    ("loss", "kplug_monai.losses"): (monai.losses, make_second_axis_loss),
    ("metric", "kplug_torchmetrics.components"): (torchmetrics, make_metric_of_torchmetrics),
}
# What wraps another one, wants groups or graphs of gradients that its plugin prepares, or inputs that no
# recipe has; classes that torchmetrics has renamed.
LEFT_OUT = {
    *(
        "Lookahead",
        "Magma",
        "OrthoGrad",
        "ScheduleFreeWrapper",
        "TRAC",
        "PermutationInvariantTraining",
    ),
    *("AdaGO", "AdaMuon", "Muon", "MuonClip", "NorMuon", "AdaHessian", "SophiaH"),
    # Their steps compute the loss; `test_torch_optimizer_training` compares them with the library's loop.
    *("AliG", "BSAM", "FriendlySAM", "LookSAM", "SAM", "WSAM"),
    *("BoxGIoULoss", "GeneralizedWassersteinDiceLoss", "NACLLoss", "ExactMatch"),
    *("MultiScaleStructuralSimilarityIndexMeasure",),
    *(name for name, row in ROWS.items() if row.inputs not in _ORDERS),
}
