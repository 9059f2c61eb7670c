"""The activations that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
    Component("celu", "kplug.activations.rectifiers:celu", summary="Continuously differentiable ELU: x above 0, alpha · (exp(x / alpha) − 1) below."),
    Component("elu", "kplug.activations.rectifiers:elu", summary="Exponential linear unit: x above 0, alpha · (exp(x) − 1) below."),
    Component("exponential", "kplug.activations.smooth:exponential", summary="exp(x)."),
    Component("gelu", "kplug.activations.smooth:gelu", summary="x · Φ(x) with the standard normal distribution function Φ."),
    Component("glu", "kplug.activations.normalizing:glu", summary="Gated linear unit: the first half of an axis times the sigmoid of the second."),
    Component("hard_shrink", "kplug.activations.smooth:hard_shrink", summary="Keep values beyond ±threshold; the others become 0."),
    Component("hard_sigmoid", "kplug.activations.squashing:hard_sigmoid", summary="Straight-edged sigmoid: clip(slope · x + 0.5, 0, 1)."),
    Component("hard_silu", "kplug.activations.smooth:hard_silu", ("hard_swish",), summary="Straight-edged silu: x · clip(x / 6 + 0.5, 0, 1), also called hard swish."),
    Component("hard_tanh", "kplug.activations.squashing:hard_tanh", summary="Straight-edged tangent: clip(x, −1, 1)."),
    Component("leaky_relu", "kplug.activations.rectifiers:leaky_relu", summary="Leaky rectified linear unit: x above 0, negative_slope · x below."),
    Component("linear", "kplug.activations.rectifiers:linear", summary="Return the input: what a layer without an activation does."),
    Component("log_sigmoid", "kplug.activations.squashing:log_sigmoid", summary="Logarithm of the sigmoid, −log(1 + exp(−x)), without overflow."),
    Component("log_softmax", "kplug.activations.normalizing:log_softmax", summary="Logarithm of the softmax, x − log Σ exp(x), without overflow."),
    Component("mish", "kplug.activations.smooth:mish", summary="x · tanh(softplus(x))."),
    Component("relu", "kplug.activations.rectifiers:relu", summary="Rectified linear unit: max(x, 0), or one with a leak, a ceiling and a threshold."),
    Component("relu6", "kplug.activations.rectifiers:relu6", summary="Rectified linear unit with ceiling 6: min(max(x, 0), 6)."),
    Component("selu", "kplug.activations.rectifiers:selu", summary="Scaled ELU, 1.0507 · elu(x, 1.6733): keeps mean 0 and variance 1 from layer to layer."),
    Component("sigmoid", "kplug.activations.squashing:sigmoid", summary="Logistic function 1 / (1 + exp(−x)): from 0 to 1."),
    Component("silu", "kplug.activations.smooth:silu", ("swish",), summary="x · sigmoid(x), also called swish."),
    Component("soft_shrink", "kplug.activations.smooth:soft_shrink", summary="Move every value towards 0 by threshold, and no further."),
    Component("softmax", "kplug.activations.normalizing:softmax", summary="exp(x) / Σ exp(x) along an axis: positive values that sum to 1."),
    Component("softplus", "kplug.activations.smooth:softplus", summary="log(exp(x) + 1), without overflow."),
    Component("softsign", "kplug.activations.squashing:softsign", summary="x / (1 + |x|): from −1 to 1, slower than the tangent."),
    Component("sparse_plus", "kplug.activations.smooth:sparse_plus", summary="0 up to −1, (x + 1)² / 4 up to 1, x above."),
    Component("sparse_sigmoid", "kplug.activations.squashing:sparse_sigmoid", summary="Steep straight-edged sigmoid: clip((x + 1) / 2, 0, 1)."),
    Component("sparsemax", "kplug.activations.normalizing:sparsemax", summary="max(x − τ, 0) along an axis, with the τ that makes the values sum to 1."),
    Component("squareplus", "kplug.activations.smooth:squareplus", summary="(x + √(x² + b)) / 2: softplus without exponentials."),
    Component("tanh", "kplug.activations.squashing:tanh", summary="Hyperbolic tangent: from −1 to 1."),
    Component("tanh_shrink", "kplug.activations.smooth:tanh_shrink", summary="x − tanh(x)."),
    Component("threshold", "kplug.activations.rectifiers:threshold", summary="x above the threshold, default_value elsewhere."),
)
# fmt: on
COMPONENTS = {component.name: component for component in _ROWS}
