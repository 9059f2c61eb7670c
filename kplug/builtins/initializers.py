"""The initializers that ship with kplug."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_FAMILY = "kplug.initializers"


def _component(name: str, target: str, summary: str, *aliases: str) -> Component:
    # tf-keras has written each class with this suffix, too.
    versioned = f"{target.partition(':')[2]}V2"
    return Component(
        name, f"{_FAMILY}.{target}", (*aliases, versioned), role="class", summary=summary
    )


@hookimpl
def kplug_initializers() -> dict[str, Component]:
    """Return the table."""
    components = (
        _component("zeros", "constant:Zeros", "All values 0.", "zero"),
        _component("ones", "constant:Ones", "All values 1.", "one"),
        _component("constant", "constant:Constant", "A given value, or given values."),
        _component("identity", "constant:Identity", "The identity matrix.", "IdentityInitializer"),
        _component("random_normal", "random:RandomNormal", "Normal values.", "normal"),
        _component("random_uniform", "random:RandomUniform", "Uniform values.", "uniform"),
        _component(
            "truncated_normal",
            "random:TruncatedNormal",
            "Normal values, drawn again beyond two standard deviations.",
        ),
        _component(
            "variance_scaling", "scaling:VarianceScaling", "Values of variance scale / fan."
        ),
        _component("lecun_normal", "recipes:LecunNormal", "Truncated normal, variance 1 / fan_in."),
        _component("lecun_uniform", "recipes:LecunUniform", "Uniform, variance 1 / fan_in."),
        _component(
            "glorot_normal",
            "recipes:GlorotNormal",
            "Truncated normal, variance 2 / (fan_in + fan_out).",
        ),
        _component(
            "glorot_uniform",
            "recipes:GlorotUniform",
            "Uniform, variance 2 / (fan_in + fan_out): Keras's default for kernels.",
        ),
        _component("he_normal", "recipes:HeNormal", "Truncated normal, variance 2 / fan_in."),
        _component("he_uniform", "recipes:HeUniform", "Uniform, variance 2 / fan_in."),
        _component(
            "orthogonal",
            "orthogonal:Orthogonal",
            "A random matrix with orthonormal rows or columns.",
            "OrthogonalInitializer",
        ),
        _component(
            "stft",
            "fourier:STFT",
            "Cosines or sines of a short-time Fourier transform.",
            "STFTInitializer",
        ),
    )
    return {component.name: component for component in components}
