"""torch's own optimizers, losses and initializers, under the origin ``torch``: ``torch/adamw``.

The table is explicit, since a scan of ``torch.optim`` would change with the installed torch. It omits
components that a model cannot call, and those that kplug has itself. The initializers are
``torch.nn.init``'s functions without their underscore; ``zeros``, ``ones``, ``constant`` and ``identity`` are
kplug's equivalents.
"""

from __future__ import annotations

from collections.abc import Mapping

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component
from kplug.registry.ranges import Range

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
_RATE, _DECAY = Range(1e-5, 0.1, log=True), Range(1e-4, 0.1, log=True)
_RANGES: dict[str, dict[str, Range]] = {
    "adam": {"lr": _RATE},
    "adamw": {"lr": _RATE, "weight_decay": _DECAY},
    "nadam": {"lr": _RATE},
    "radam": {"lr": _RATE},
    "rmsprop": {"lr": _RATE},
    "sgd": {"lr": Range(1e-4, 1.0, log=True), "momentum": Range(0.0, 0.99)},
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
# torch expects the classes of images on the second axis; in kplug they are on the last.
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


_PAIRS = "it compares outputs with each other. Call torch.nn.{} in a train_step of your own"
LEFT_OUT: dict[str, dict[str, str]] = {
    "optimizer": {
        "LBFGS": "it takes all weights in one group. Give the class itself: "
        "optimizer=torch.optim.LBFGS, or functools.partial(torch.optim.LBFGS, max_iter=20)",
        "Muon": "it takes matrices only, and layers have biases. Use 'kplug/muon', which has Adam for the rest",
        "SparseAdam": "it takes sparse gradients only, and those of layers are dense. Use 'adam'",
    },
    "loss": {
        "AdaptiveLogSoftmaxWithLoss": "it has weights, as a layer has. Call it in a layer of your own, and "
        "pass its loss to add_loss",
        "CTCLoss": "it needs the lengths of outputs and targets. Use 'kplug/ctc'",
        "CosineEmbeddingLoss": f"{_PAIRS.format('CosineEmbeddingLoss')}; 'cosine_similarity' compares an output "
        "with a target",
        "GaussianNLLLoss": "it needs a mean and a variance for each target. Call torch.nn.GaussianNLLLoss in a "
        "function (y_true, y_pred) that takes both from y_pred",
        "LinearCrossEntropyLoss": "it has weights, as a layer has. Use a Dense layer and 'cross_entropy_loss'",
        **{
            name: _PAIRS.format(name)
            for name in ("MarginRankingLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss")
        },
    },
    "initializer": {
        name: f"kplug's does the same. Use 'kplug/{own}'"
        for name, own in {
            "constant": "constant",
            "eye": "identity",
            "ones": "ones",
            "zeros": "zeros",
        }.items()
    },
}


@hookimpl
def kplug_left_out(kind: str) -> Mapping[str, str]:
    """Return why torch's other optimizers, losses and initializers have no name here."""
    return LEFT_OUT.get(kind, {})


@hookimpl
def kplug_optimizers() -> dict[str, Component]:
    """Offer torch's optimizers."""
    return {
        name: Component(
            name,
            f"torch.optim:{attribute}",
            summary=f"torch.optim.{attribute}.",
            search_ranges=_RANGES.get(name, {}),
        )
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
    """Offer ``torch.nn.init``, computed in torch's order of axes and returned in Keras's."""
    return {
        name: Component(
            name,
            f"kplug.initializers.torch_init:{attribute}",
            role="class",
            summary=f"torch.nn.init.{name}_.",
        )
        for name, attribute in _INITIALIZERS.items()
    }
