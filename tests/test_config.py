"""``kplug.config``: settings under their Keras 3 names."""

from __future__ import annotations

import pytest

from kplug import backend, config
from kplug.errors import ArgumentValueError, ContractError
from kplug.training.settings import check_verbose

_NAMES = ("backend", "epsilon", "floatx", "image_data_format")
_SETTERS = ("set_epsilon", "set_floatx", "set_image_data_format")


def test_its_settings_are_those_of_the_backend() -> None:
    for name in (*_NAMES, *_SETTERS):
        assert getattr(config, name) is getattr(backend, name)


def test_live_bars_can_be_switched_off() -> None:
    assert config.is_interactive_logging_enabled()
    assert check_verbose("auto") == 1
    config.disable_interactive_logging()
    try:
        assert check_verbose("auto") == 2
    finally:
        config.enable_interactive_logging()


def test_flash_attention_is_torchs_setting() -> None:
    config.disable_flash_attention()
    assert not config.is_flash_attention_enabled()
    config.enable_flash_attention()
    assert config.is_flash_attention_enabled()


def test_torch_is_the_only_backend() -> None:
    config.set_backend("torch")
    with pytest.raises(
        ArgumentValueError, match="set_backend: argument 'backend' is 'jax'; allowed: 'torch'"
    ):
        config.set_backend("jax")


def test_code_in_files_stays_where_it_is() -> None:
    with pytest.raises(
        ContractError,
        match=r"runs no code that stands in a file\n.*custom_objects=\{'name': function\}",
    ):
        config.enable_unsafe_deserialization()


def test_tracebacks_are_whole() -> None:
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()
