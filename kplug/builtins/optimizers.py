"""The built-in optimizers, offered as any plugin offers its own."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_PACKAGE = "kplug.optimizers"


@hookimpl
def kplug_optimizers() -> dict[str, Component]:
    """Offer the guide's six."""
    offered = (
        Component(
            "sgd",
            f"{_PACKAGE}.sgd:SGD",
            summary="Gradient descent, with momentum and Nesterov momentum.",
        ),
        Component(
            "rmsprop",
            f"{_PACKAGE}.rmsprop:RMSprop",
            summary="Steps divided by a running average of the gradient's magnitude.",
        ),
        Component(
            "adagrad",
            f"{_PACKAGE}.adagrad:Adagrad",
            summary="Steps that shrink with each weight's sum of squared gradients.",
        ),
        Component(
            "adadelta",
            f"{_PACKAGE}.adadelta:Adadelta",
            summary="Steps in the units of the weights, from two running averages.",
        ),
        Component(
            "adam",
            f"{_PACKAGE}.adam:Adam",
            summary="Bias-corrected running averages of gradient and square; also AMSGrad.",
        ),
        Component("nadam", f"{_PACKAGE}.nadam:Nadam", summary="Adam with Nesterov momentum."),
    )
    return {component.name: component for component in offered}
