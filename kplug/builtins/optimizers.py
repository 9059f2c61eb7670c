"""The built-in optimizers, offered as any plugin offers its own."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_PACKAGE = "kplug.optimizers"


_OFFERED = {
    "sgd": ("sgd:SGD", "Gradient descent, with momentum and Nesterov momentum."),
    "rmsprop": (
        "rmsprop:RMSprop",
        "Steps divided by a running average of the gradient's magnitude.",
    ),
    "adagrad": (
        "adagrad:Adagrad",
        "Steps that shrink with each weight's sum of squared gradients.",
    ),
    "adadelta": (
        "adadelta:Adadelta",
        "Steps in the units of the weights, from two running averages.",
    ),
    "adam": ("adam:Adam", "Bias-corrected running averages of gradient and square; also AMSGrad."),
    "adamax": (
        "adamax:Adamax",
        "Adam with the fading maximum of the gradient in place of its square.",
    ),
    "nadam": ("nadam:Nadam", "Adam with Nesterov momentum."),
    "adamw": ("adamw:AdamW", "Adam with decoupled weight decay."),
    "lion": ("lion:Lion", "The sign of an interpolation between momentum and gradient."),
    "lamb": ("lamb:Lamb", "Adam's direction, scaled by the norm of each tensor."),
    "ftrl": ("ftrl:Ftrl", "Follow the regularized leader, for sparse linear models."),
    "adafactor": (
        "adafactor:Adafactor",
        "Adam in the memory of one row and one column for each matrix.",
    ),
    "muon": ("muon:Muon", "Orthogonalized momentum for matrices, Adam for the rest."),
    "schedule_free_adamw": (
        "schedule_free:ScheduleFreeAdamW",
        "AdamW that averages weights instead of lowering the rate.",
    ),
    "loss_scale_optimizer": (
        "loss_scale:LossScaleOptimizer",
        "Dynamic loss scaling around another optimizer.",
    ),
    "multi_optimizer": ("multi:MultiOptimizer", "Different optimizers for different parameters."),
}


@hookimpl
def kplug_optimizers() -> dict[str, Component]:
    """Offer the guide's six and Adamax in Keras 2's rule, Keras 3's others in its own."""
    return {
        name: Component(name, f"{_PACKAGE}.{target}", summary=summary)
        for name, (target, summary) in _OFFERED.items()
    }
