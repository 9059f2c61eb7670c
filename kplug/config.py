"""``config``: Keras 3's place for the settings that the whole library shares.

Example:
    >>> from kplug import config
    >>> config.floatx(), config.image_data_format(), config.backend()
    ('float32', 'channels_last', 'torch')
"""

from kplug.backend import (
    backend as backend,
    epsilon as epsilon,
    floatx as floatx,
    image_data_format as image_data_format,
    set_epsilon as set_epsilon,
    set_floatx as set_floatx,
    set_image_data_format as set_image_data_format,
)
from kplug.exports import export_names


def disable_traceback_filtering() -> None:
    """Do nothing: the tracebacks of errors are whole, as they are in Keras after this call."""


def is_traceback_filtering_enabled() -> bool:
    """Return ``False``: no line is left out of the tracebacks of errors."""
    return False


export_names(globals())
