"""The optimizers that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
    Component("adadelta", "kplug.optimizers.adadelta:Adadelta", summary="Steps in the units of the weights, from running averages of gradients and of updates."),
    Component("adafactor", "kplug.optimizers.adafactor:Adafactor", summary="Adam without momentum, in the memory of one row and one column for each matrix."),
    Component("adagrad", "kplug.optimizers.adagrad:Adagrad", summary="Steps that shrink for each weight with the sum of its squared gradients."),
    Component("adam", "kplug.optimizers.adam:Adam", summary="Steps from bias-corrected running averages of the gradient and of its square."),
    Component("adamax", "kplug.optimizers.adamax:Adamax", summary="Steps from a running average of the gradient, divided by its fading maximum."),
    Component("adamw", "kplug.optimizers.adamw:AdamW", summary="Adam that shrinks the weights before each step."),
    Component("ftrl", "kplug.optimizers.ftrl:Ftrl", summary="Follow the regularized leader: weights that are exactly zero until the data insist."),
    Component("lamb", "kplug.optimizers.lamb:Lamb", summary="Adam's direction, scaled for each tensor by the norm of its weights."),
    Component("lion", "kplug.optimizers.lion:Lion", summary="The sign of an interpolation between momentum and gradient."),
    Component("loss_scale_optimizer", "kplug.optimizers.loss_scale:LossScaleOptimizer", summary="An optimizer around another one that keeps small gradients from vanishing."),
    Component("multi_optimizer", "kplug.optimizers.multi:MultiOptimizer", summary="Different optimizers for different parameters."),
    Component("muon", "kplug.optimizers.muon:Muon", summary="Orthogonalized momentum for matrices, Adam for everything else."),
    Component("nadam", "kplug.optimizers.nadam:Nadam", summary="Adam whose momentum looks one step ahead, with a momentum that warms up."),
    Component("rmsprop", "kplug.optimizers.rmsprop:RMSprop", summary="Steps divided by a running average of the gradient's magnitude."),
    Component("schedule_free_adamw", "kplug.optimizers.schedule_free:ScheduleFreeAdamW", summary="AdamW that averages weights instead of lowering the rate."),
    Component("sgd", "kplug.optimizers.sgd:SGD", summary="Stochastic gradient descent, optionally with momentum."),
)
# fmt: on
COMPONENTS = {component.name: component for component in _ROWS}
