"""The initializers that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
    Component("constant", "kplug.initializers.constant:Constant", ("ConstantV2",), summary="The given value everywhere, or the given values."),
    Component("glorot_normal", "kplug.initializers.recipes:GlorotNormal", ("GlorotNormalV2",), summary="Truncated normal values of variance 2 / (fan_in + fan_out)."),
    Component("glorot_uniform", "kplug.initializers.recipes:GlorotUniform", ("GlorotUniformV2",), summary="Uniform values of variance 2 / (fan_in + fan_out): Keras's default for kernels."),
    Component("he_normal", "kplug.initializers.recipes:HeNormal", ("HeNormalV2",), summary="Truncated normal values of variance 2 / fan_in, for layers followed by relu."),
    Component("he_uniform", "kplug.initializers.recipes:HeUniform", ("HeUniformV2",), summary="Uniform values of variance 2 / fan_in, between ±√(6 / fan_in)."),
    Component("identity", "kplug.initializers.constant:Identity", ("IdentityInitializer", "IdentityV2"), summary="The identity matrix, times gain; a matrix that is not square is filled up with zeros."),
    Component("lecun_normal", "kplug.initializers.recipes:LecunNormal", ("LecunNormalV2",), summary="Truncated normal values of variance 1 / fan_in."),
    Component("lecun_uniform", "kplug.initializers.recipes:LecunUniform", ("LecunUniformV2",), summary="Uniform values of variance 1 / fan_in, between ±√(3 / fan_in)."),
    Component("ones", "kplug.initializers.constant:Ones", ("one", "OnesV2"), summary="All values 1."),
    Component("orthogonal", "kplug.initializers.orthogonal:Orthogonal", ("OrthogonalInitializer", "OrthogonalV2"), summary="A random matrix with orthonormal rows or columns, times gain."),
    Component("random_normal", "kplug.initializers.random:RandomNormal", ("normal", "RandomNormalV2"), summary="Normal values: N(mean, stddev²)."),
    Component("random_uniform", "kplug.initializers.random:RandomUniform", ("uniform", "RandomUniformV2"), summary="Uniform values between minval and maxval."),
    Component("stft", "kplug.initializers.fourier:STFT", ("STFTInitializer", "STFTV2"), summary="Cosines or sines of a short-time Fourier transform, one frequency a filter."),
    Component("truncated_normal", "kplug.initializers.random:TruncatedNormal", ("TruncatedNormalV2",), summary="Normal values of which those beyond two standard deviations are drawn again."),
    Component("variance_scaling", "kplug.initializers.scaling:VarianceScaling", ("VarianceScalingV2",), summary="Values whose variance is scale / n, with n the layer's fan."),
    Component("zeros", "kplug.initializers.constant:Zeros", ("zero", "ZerosV2"), summary="All values 0."),
)
# fmt: on
COMPONENTS = {component.name: component for component in _ROWS}
