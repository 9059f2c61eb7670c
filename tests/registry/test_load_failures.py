"""What is said of a component whose module cannot be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import PluginLoadError
from kplug.registry import resolve

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox


def _fail(kind: str, ref: str) -> PluginLoadError:
    with pytest.raises(PluginLoadError) as caught:
        resolve(kind, ref)
    return caught.value


def test_target_that_does_not_exist(install: Sandbox) -> None:
    install(
        "puddle-penalties",
        "2.1",
        entry_points={"kplug.regularizers": {"pond": "puddles:pond"}},
        modules={"puddles.py": ""},
    )
    error = _fail("regularizer", "pond")
    assert str(error) == (
        "the regularizer 'pond' of puddle-penalties 2.1 (puddles:pond) cannot be loaded: "
        "AttributeError: module 'puddles' has no attribute 'pond'\n"
        "  Mend or upgrade puddle-penalties, or switch the plugin off: KPLUG_DISABLE=puddle-penalties."
    )
    assert not isinstance(error, ImportError)
    assert isinstance(error.__cause__, AttributeError)


@pytest.mark.parametrize(
    ("source", "cause", "hint"),
    [
        (
            "import no_such_package.inner\n",
            "ModuleNotFoundError: No module named 'no_such_package'",
            "Install what it needs: pip install no_such_package",
        ),
        (
            "import kplug.no_such_module\n",
            "ModuleNotFoundError: No module named 'kplug.no_such_module'",
            "Mend or upgrade my-plugin",
        ),
        ("from math import no\n", "ImportError: cannot import name 'no' from 'math'", "Mend"),
        ("raise SystemExit(2)\n", "SystemExit: 2", "Mend or upgrade my-plugin"),
        ("1 +\n", "SyntaxError: invalid syntax", "Mend or upgrade my-plugin"),
    ],
)
def test_plugin_that_does_not_import(install: Sandbox, source: str, cause: str, hint: str) -> None:
    install(
        "my-plugin",
        entry_points={"kplug.losses": {"puddle": "my_plugin:puddle"}},
        modules={"my_plugin.py": source},
    )
    message = str(_fail("loss", "puddle"))
    assert message.startswith(
        f"the loss 'puddle' of my-plugin 1.0 (my_plugin:puddle) cannot be loaded: {cause}"
    )
    assert f"\n  {hint}" in message
    assert message.endswith(", or switch the plugin off: KPLUG_DISABLE=my-plugin.")


def test_module_of_the_plugin_itself_is_not_to_be_installed(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug.losses": {"puddle": "my_plugin.lossy:puddle"}})
    message = str(_fail("loss", "puddle"))
    assert "pip install" not in message
    assert "Mend or upgrade my-plugin" in message


def test_target_of_the_users_own_code_that_does_not_import() -> None:
    kplug.register("loss", "mine", "no_such_module:mine")
    assert str(_fail("loss", "mine")) == (
        "the loss 'mine' of custom (no_such_module:mine) cannot be loaded: "
        "ModuleNotFoundError: No module named 'no_such_module'\n"
        "  Mend the module or the target."
    )
