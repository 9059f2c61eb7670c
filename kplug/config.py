"""``config``: the settings of the whole library, as Keras 3 has them.

Example:
    >>> from kplug import config
    >>> config.floatx(), config.image_data_format(), config.backend()
    ('float32', 'channels_last', 'torch')
"""

import torch

from kplug.backend import (
    backend as backend,
    disable_interactive_logging as disable_interactive_logging,
    enable_interactive_logging as enable_interactive_logging,
    epsilon as epsilon,
    floatx as floatx,
    image_data_format as image_data_format,
    is_interactive_logging_enabled as is_interactive_logging_enabled,
    set_epsilon as set_epsilon,
    set_floatx as set_floatx,
    set_image_data_format as set_image_data_format,
)
from kplug.components.arguments import require_choice
from kplug.dtype_policies import (
    dtype_policy as dtype_policy,
    set_dtype_policy as set_dtype_policy,
)
from kplug.errors import ContractError
from kplug.support.exports import export_names


def disable_traceback_filtering() -> None:
    """Do nothing: tracebacks are always complete, as in Keras after this call."""


def is_traceback_filtering_enabled() -> bool:
    """Return ``False``: tracebacks are always complete."""
    return False


def enable_traceback_filtering() -> None:
    """Do nothing: tracebacks are always complete."""


def enable_flash_attention() -> None:
    """Let torch's attention on a GPU use its flash kernel, which is the default."""
    torch.backends.cuda.enable_flash_sdp(True)


def disable_flash_attention() -> None:
    """Keep torch's attention on a GPU from using its flash kernel."""
    torch.backends.cuda.enable_flash_sdp(False)


def is_flash_attention_enabled() -> bool:
    """Return whether torch's attention may use its flash kernel."""
    return bool(torch.backends.cuda.flash_sdp_enabled())  # type: ignore[no-untyped-call]


def set_backend(backend: str) -> None:
    """Accept ``"torch"``, the only backend.

    Raises:
        ArgumentValueError: It is another one.
    """
    require_choice("set_backend", "backend", backend, ("torch",))


def enable_unsafe_deserialization() -> None:
    """Refuse: kplug never runs code from files.

    Raises:
        ContractError: Always, with the alternative.
    """
    raise ContractError(
        "enable_unsafe_deserialization: kplug runs no code that stands in a file",
        hint="Give a Lambda layer's function by its name: "
        "load_model(path, custom_objects={'name': function}).",
    )


export_names(globals())
