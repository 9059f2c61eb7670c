from __future__ import annotations

import pytest

from kplug.errors import MissingLibraryError
from kplug.support.optional_libraries import import_extra


def test_a_library_that_is_there_is_returned() -> None:
    import json.decoder

    assert import_extra("the test", "json.decoder", "plot") is json.decoder


def test_a_library_that_is_missing_is_named_with_what_installs_it() -> None:
    with pytest.raises(MissingLibraryError) as caught:
        import_extra("the test", "no_such_library.part", "plot")
    assert str(caught.value) == (
        "the test needs the library no_such_library, which cannot be imported\n"
        '  Install it with: pip install "kplug[plot]".'
    )
    assert isinstance(caught.value, ImportError)


def test_a_library_of_a_plugin_is_installed_with_the_plugin() -> None:
    with pytest.raises(MissingLibraryError, match=r'pip install "kplug-acme\[plot\]"'):
        import_extra("the test", "no_such_library", "plot", "kplug-acme")
