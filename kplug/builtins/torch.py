"""torch's own optimizers, losses and initializers, under the origin ``torch``: ``torch/adamw``.

An explicit table: a scan of ``torch.optim`` would change with the installed torch. Left out is what a
model cannot call: LBFGS and SparseAdam (a closure, sparse gradients), and losses with other inputs than
one target and one output. The initializers are ``torch.nn.init``'s functions without their underscore;
``zeros``, ``ones``, ``constant`` and ``identity`` are kplug's, which do the same.
"""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_OPTIMIZERS = {
    "adadelta": "Adadelta",
    "adafactor": "Adafactor",
    "adagrad": "Adagrad",
    "adam": "Adam",
    "adamax": "Adamax",
    "adamw": "AdamW",
    "asgd": "ASGD",
    "nadam": "NAdam",
    "radam": "RAdam",
    "rmsprop": "RMSprop",
    "rprop": "Rprop",
    "sgd": "SGD",
}
_LOSSES = {
    "bce_loss": "BCELoss",
    "bce_with_logits_loss": "BCEWithLogitsLoss",
    "cross_entropy_loss": "CrossEntropyLoss",
    "hinge_embedding_loss": "HingeEmbeddingLoss",
    "huber_loss": "HuberLoss",
    "kl_div_loss": "KLDivLoss",
    "l1_loss": "L1Loss",
    "mse_loss": "MSELoss",
    "multi_label_margin_loss": "MultiLabelMarginLoss",
    "multi_label_soft_margin_loss": "MultiLabelSoftMarginLoss",
    "multi_margin_loss": "MultiMarginLoss",
    "nll_loss": "NLLLoss",
    "poisson_nll_loss": "PoissonNLLLoss",
    "smooth_l1_loss": "SmoothL1Loss",
    "soft_margin_loss": "SoftMarginLoss",
}
# torch has the classes of images on the second axis; here they are on the last.
_ADAPTED = dict.fromkeys(("cross_entropy_loss", "nll_loss"), "kplug.losses.base.torch_loss")
_INITIALIZERS = {
    "dirac": "Dirac",
    "kaiming_normal": "KaimingNormal",
    "kaiming_uniform": "KaimingUniform",
    "normal": "Normal",
    "orthogonal": "TorchOrthogonal",
    "sparse": "Sparse",
    "trunc_normal": "TruncNormal",
    "uniform": "Uniform",
    "xavier_normal": "XavierNormal",
    "xavier_uniform": "XavierUniform",
}


@hookimpl
def kplug_optimizers() -> dict[str, Component]:
    """Offer the optimizers that torch has."""
    return {
        name: Component(name, f"torch.optim:{attribute}", summary=f"torch.optim.{attribute}.")
        for name, attribute in _OPTIMIZERS.items()
    }


@hookimpl
def kplug_losses() -> dict[str, Component]:
    """Offer torch's loss modules; the order of their arguments is adapted."""
    return {
        name: Component(
            name,
            f"{_ADAPTED.get(name, 'torch.nn')}:{attribute}",
            role="class",
            summary=f"torch.nn.{attribute}.",
        )
        for name, attribute in _LOSSES.items()
    }


@hookimpl
def kplug_initializers() -> dict[str, Component]:
    """Offer ``torch.nn.init``, filled in torch's order of a shape and seen in Keras's."""
    return {
        name: Component(
            name,
            f"kplug.initializers.torch_init:{attribute}",
            role="class",
            summary=f"torch.nn.init.{name}_.",
        )
        for name, attribute in _INITIALIZERS.items()
    }
