"""The activations that ship with kplug."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

# name: (module, summary, aliases)
_TABLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "linear": ("rectifiers", "The input itself.", ()),
    "relu": ("rectifiers", "max(x, 0).", ()),
    "leaky_relu": ("rectifiers", "x above 0, 0.2·x below.", ()),
    "relu6": ("rectifiers", "min(max(x, 0), 6).", ()),
    "elu": ("rectifiers", "x above 0, exp(x) - 1 below.", ()),
    "celu": ("rectifiers", "ELU with a continuous derivative.", ()),
    "selu": ("rectifiers", "ELU scaled to keep mean 0 and variance 1.", ()),
    "threshold": ("rectifiers", "x above a threshold, a fixed value elsewhere.", ()),
    "sigmoid": ("squashing", "1 / (1 + exp(-x)).", ()),
    "hard_sigmoid": ("squashing", "clip(slope · x + 0.5, 0, 1).", ()),
    "log_sigmoid": ("squashing", "Logarithm of the sigmoid.", ()),
    "sparse_sigmoid": ("squashing", "clip((x + 1) / 2, 0, 1).", ()),
    "tanh": ("squashing", "Hyperbolic tangent.", ()),
    "hard_tanh": ("squashing", "clip(x, -1, 1).", ()),
    "softsign": ("squashing", "x / (1 + |x|).", ()),
    "exponential": ("smooth", "exp(x).", ()),
    "softplus": ("smooth", "log(exp(x) + 1).", ()),
    "squareplus": ("smooth", "(x + √(x² + b)) / 2.", ()),
    "sparse_plus": ("smooth", "0, a parabola, then x.", ()),
    "silu": ("smooth", "x · sigmoid(x).", ("swish",)),
    "hard_silu": ("smooth", "x · hard_sigmoid(x).", ("hard_swish",)),
    "gelu": ("smooth", "x times the normal distribution function.", ()),
    "mish": ("smooth", "x · tanh(softplus(x)).", ()),
    "soft_shrink": ("smooth", "Towards 0 by a distance.", ()),
    "hard_shrink": ("smooth", "0 inside a band, x outside.", ()),
    "tanh_shrink": ("smooth", "x - tanh(x).", ()),
    "softmax": ("normalizing", "exp(x) / Σ exp(x) along an axis.", ()),
    "log_softmax": ("normalizing", "Logarithm of the softmax.", ()),
    "sparsemax": ("normalizing", "Softmax with exact zeros.", ()),
    "glu": ("normalizing", "One half of an axis gated by the other.", ()),
}


@hookimpl
def kplug_activations() -> dict[str, Component]:
    """Return the table."""
    return {
        name: Component(
            name,
            f"kplug.activations.{module}:{name}",
            aliases,
            role="function",
            summary=summary,
        )
        for name, (module, summary, aliases) in _TABLE.items()
    }
