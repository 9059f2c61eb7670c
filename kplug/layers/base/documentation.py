"""Documentation of arguments that many layers share, added to each layer's docstring."""

from __future__ import annotations

from kplug.components.documentation import fill_documentation

SHARED = {
    "activation": "A component; ``None`` is ``linear``.",
    "data_format": '``"channels_last"`` or ``"channels_first"``; ``None`` is ``image_data_format()``.',
    "filters": "Number of output channels.",
    "kernel_size": "Size of the window on each axis; one number for all.",
    "strides": "Steps of the window, likewise.",
    "padding": '``"valid"`` or ``"same"``.',
    "dilation_rate": "Distance between the window's cells.",
    "use_bias": "Whether there is a bias.",
    "kernel_initializer": "Initial values of the kernel.",
    "bias_initializer": "Initial values of the bias.",
    "kernel_regularizer": "Penalty of the kernel.",
    "bias_regularizer": "Penalty of the bias.",
    "activity_regularizer": "Penalty of the outputs.",
    "kernel_constraint": "Applied to the kernel after each update.",
    "bias_constraint": "Applied to the bias after each update.",
    "epsilon": "Keeps the root away from 0, >= 0.",
    "center": "Whether there is a beta.",
    "scale": "Whether there is a gamma.",
    "beta_initializer": "Initial values of beta.",
    "gamma_initializer": "Initial values of gamma.",
    "beta_regularizer": "Penalty of beta.",
    "gamma_regularizer": "Penalty of gamma.",
    "beta_constraint": "Applied to beta after each update.",
    "gamma_constraint": "Applied to gamma after each update.",
    "units": "Size of the output, and of each state.",
    "recurrent_activation": "A component, for the gates.",
    "recurrent_initializer": "Initial values of the recurrent kernel.",
    "recurrent_regularizer": "Penalty of the recurrent kernel.",
    "recurrent_constraint": "Applied to the recurrent kernel after each update.",
    "dropout": "Share of the inputs that is dropped in training, in [0, 1]; the same at all time steps.",
    "recurrent_dropout": "Share of the state that is dropped in training, likewise.",
    "unit_forget_bias": "Whether the bias of the forget gate starts at 1.",
    "reset_after": "Whether the reset gate acts after the product with the recurrent kernel.",
    "implementation": "With 1, dropout drops other inputs for each gate, as a recurrent dropout does too;"
    " with 2 the same.",
    "use_cudnn": "Whether torch's kernel for whole sequences may be used, where it does the same.",
    "noise_shape": "Shape of the random mask, with the batch; a size of ``None`` is that of the inputs,"
    "\n        with 1 the mask is shared along the axis.",
    "seed": "Lets the layer draw from a generator of its own; ``None`` is torch's.",
    "kwargs": "What every layer takes.",
}


def complete_documentation(owner: type) -> None:
    """Complete a layer class's docstring with the arguments that its bases and ``SHARED`` document."""
    fill_documentation(owner, SHARED)
