"""TensorFlow settings that scripts make before they use Keras: GPU memory, logging, seeds.

They have no effect here, except for seeds, which ``kplug.utils.set_random_seed`` sets.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from kplug_keras2.binding.unknown_names import refuse_tensorflow

__all__ = ["find_setting"]


class Settings:
    """Settings of a session: any name can be set, and read as further settings."""

    def __init__(self, *_args: Any, **_settings: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = Settings()
        object.__setattr__(self, name, made)
        return made


class ConfiguredSession:
    """``tf.Session(config=…)``, which scripts pass to ``K.set_session``. It cannot run anything."""

    def __getattr__(self, name: str) -> Any:
        """Raise the error for a method, in the line that uses it."""
        raise refuse_tensorflow(f"tensorflow.Session.{name}")


class _Graph:
    """``tf.get_default_graph()``, which model servers enter in each thread."""

    def as_default(self) -> nullcontext[None]:
        """Return a block that does nothing."""
        return nullcontext()


def _make_session(*_args: Any, config: Any = None, **_options: Any) -> ConfiguredSession:
    if config is None:
        raise refuse_tensorflow("tensorflow.Session")
    return ConfiguredSession()


def _ignore(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing."""


def _list_nothing(*_args: Any) -> list[Any]:
    return []


def _set_seed(seed: int) -> None:
    from kplug.utils import set_random_seed

    set_random_seed(int(seed))


def _has_gpu(*_args: Any, **_kwargs: Any) -> bool:
    import torch

    return torch.cuda.is_available()


def _enter(*_args: Any, **_kwargs: Any) -> nullcontext[None]:
    return nullcontext()


_SETTINGS: dict[str, Any] = {
    "ConfigProto": Settings,
    "GPUOptions": Settings,
    "Session": _make_session,
    "InteractiveSession": _make_session,
    "config.experimental.list_physical_devices": _list_nothing,
    "config.experimental.set_memory_growth": _ignore,
    "config.list_physical_devices": _list_nothing,
    "device": _enter,
    "disable_eager_execution": _ignore,
    "disable_v2_behavior": _ignore,
    "enable_eager_execution": _ignore,
    "get_default_graph": _Graph,
    "global_variables_initializer": _ignore,
    "logging.DEBUG": 10,
    "logging.ERROR": 40,
    "logging.FATAL": 50,
    "logging.INFO": 20,
    "logging.WARN": 30,
    "logging.set_verbosity": _ignore,
    "name_scope": _enter,
    "random.set_seed": _set_seed,
    "reset_default_graph": _ignore,
    "set_random_seed": _set_seed,
    "test.is_built_with_cuda": _has_gpu,
    "test.is_gpu_available": _has_gpu,
}


def find_setting(path: str) -> Callable[..., Any] | None:
    """Return the replacement of a TensorFlow setting; ``None`` for other names.

    Args:
        path: Its name within TensorFlow; the prefix ``compat.v1`` is allowed.
    """
    found: Callable[..., Any] | None = _SETTINGS.get(path.removeprefix("compat.v1."))
    return found
