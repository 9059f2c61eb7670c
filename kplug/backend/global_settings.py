"""Global settings: epsilon, float type, image layout and name counters."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Literal, TypeAlias

from kplug.components.arguments import require_choice, require_positive
from kplug.errors import ArgumentValueError

DataFormat: TypeAlias = Literal["channels_last", "channels_first"]

_FLOAT_TYPES = ("float16", "bfloat16", "float32", "float64")
_DATA_FORMATS: tuple[DataFormat, ...] = ("channels_last", "channels_first")
_ORDERINGS = {"channels_first": "th", "channels_last": "tf"}  # Keras 1's names


class _Settings:
    """The mutable settings; one instance per process."""

    epsilon: float = 1e-7
    floatx: str = "float32"
    image_data_format: DataFormat = "channels_last"
    shows_bars: bool = True


_settings = _Settings()
_counters: dict[str, int] = {}
_counters_lock = threading.Lock()


def epsilon() -> float:
    """Return the small number that keeps divisions and logarithms finite; 1e-7 unless set.

    Example:
        >>> epsilon()
        1e-07
    """
    return _settings.epsilon


def set_epsilon(value: float) -> None:
    """Set the number that ``epsilon()`` returns: finite and > 0."""
    _settings.epsilon = require_positive("set_epsilon", "value", value)


def floatx() -> str:
    """Return the name of the default float type; ``'float32'`` unless set.

    Example:
        >>> floatx()
        'float32'
    """
    return _settings.floatx


def set_floatx(value: str) -> None:
    """Set the float type of new weights and of converted numbers: float16, bfloat16, float32 or float64."""
    if value not in _FLOAT_TYPES:
        raise ArgumentValueError("set_floatx", "value", value, _one_of(_FLOAT_TYPES))
    _settings.floatx = value


def image_data_format() -> DataFormat:
    """Return the default image layout; ``'channels_last'`` unless set.

    Example:
        >>> image_data_format()
        'channels_last'
    """
    return _settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set the default layout of images: ``'channels_last'`` or ``'channels_first'``."""
    _settings.image_data_format = standardize_data_format(data_format, "set_image_data_format")


def is_interactive_logging_enabled() -> bool:
    """Return whether ``verbose="auto"`` shows live bars; otherwise it prints a line an epoch.

    Example:
        >>> is_interactive_logging_enabled()
        True
    """
    return _settings.shows_bars


def enable_interactive_logging() -> None:
    """Let ``verbose="auto"`` show live bars."""
    _settings.shows_bars = True


def disable_interactive_logging() -> None:
    """Let ``verbose="auto"`` print a line an epoch."""
    _settings.shows_bars = False


def standardize_data_format(data_format: str | None, owner: str) -> DataFormat:
    """Return a valid layout name; ``None`` means the default one.

    Raises:
        ArgumentValueError: The layout is unknown; the message names ``owner``.
    """
    if data_format is None:
        return _settings.image_data_format
    for known in _DATA_FORMATS:
        if data_format == known:
            return known
    raise ArgumentValueError(owner, "data_format", data_format, _one_of(_DATA_FORMATS))


def normalize_data_format(value: str | None) -> DataFormat:
    """Return a valid layout name; ``None`` is ``image_data_format()``."""
    return standardize_data_format(value, "normalize_data_format")


def image_dim_ordering() -> str:
    """Return Keras 1's name of the default layout: ``'tf'`` for channels last, else ``'th'``.

    Example:
        >>> image_dim_ordering()
        'tf'
    """
    return _ORDERINGS[image_data_format()]


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the default layout by Keras 1's name, ``'tf'`` or ``'th'``."""
    choices = {short: name for name, short in _ORDERINGS.items()}
    owner = "set_image_dim_ordering"
    set_image_data_format(require_choice(owner, "dim_ordering", dim_ordering, choices))


def _one_of(values: tuple[str, ...]) -> str:
    return "one of " + ", ".join(repr(value) for value in values)


def get_uid(prefix: str = "") -> int:
    """Return 1 for the first call with this prefix, 2 for the second, and so on.

    Example:
        >>> reset_uids()
        >>> get_uid("branch"), get_uid("branch")
        (1, 2)
    """
    with _counters_lock:
        _counters[prefix] = _counters.get(prefix, 0) + 1
        return _counters[prefix]


def reset_uids() -> None:
    """Reset every counter of ``get_uid`` to 1."""
    with _counters_lock:
        _counters.clear()


@contextlib.contextmanager
def keeping_uids() -> Iterator[None]:
    """Restore the counters of ``get_uid`` afterwards: names that are given meanwhile are given again.

    Example:
        >>> reset_uids()
        >>> with keeping_uids():
        ...     get_uid("branch")
        1
        >>> get_uid("branch")
        1
    """
    with _counters_lock:
        kept = dict(_counters)
    try:
        yield
    finally:
        with _counters_lock:
            _counters.clear()
            _counters.update(kept)


def clear_session() -> None:
    """Reset automatic names, so that the next ``Dense`` is ``dense`` again."""
    reset_uids()


_WORD_START = re.compile(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")


def snake_case(class_name: str) -> str:
    """Return the snake-case form that automatic names start with.

    Example:
        >>> snake_case("MaxPooling2D"), snake_case("LeakyReLU")
        ('max_pooling2d', 'leaky_re_lu')
    """
    return _WORD_START.sub("_", re.sub(r"\W+", "", class_name)).lower()


def auto_name(class_name: str) -> str:
    """Return the next free automatic name for an object of this class.

    Example:
        >>> reset_uids()
        >>> auto_name("Dense"), auto_name("Dense"), auto_name("UpSampling2D")
        ('dense', 'dense_1', 'up_sampling2d')
    """
    prefix = snake_case(class_name)
    number = get_uid(prefix)
    return prefix if number == 1 else f"{prefix}_{number - 1}"
