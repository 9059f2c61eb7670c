"""``kplug.config``: settings under their Keras 3 names."""

from __future__ import annotations

from kplug import backend, config

_NAMES = ("backend", "epsilon", "floatx", "image_data_format")
_SETTERS = ("set_epsilon", "set_floatx", "set_image_data_format")


def test_its_settings_are_those_of_the_backend() -> None:
    for name in (*_NAMES, *_SETTERS):
        assert getattr(config, name) is getattr(backend, name)


def test_tracebacks_are_whole() -> None:
    config.disable_traceback_filtering()
    assert not config.is_traceback_filtering_enabled()
