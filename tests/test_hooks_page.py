"""``docs/plugins/hooks.md``: a section for each hook, with an example that pluggy accepts."""

from __future__ import annotations

import re
import types

import pluggy
import pytest

from kplug import hookspecs
from tests.test_docs import ROOT, blocks_of, run_python

PAGE = ROOT / "docs" / "plugins" / "hooks.md"
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("kplug_"))


@pytest.fixture(scope="module")
def manager() -> pluggy.PluginManager:
    """Return a manager that has the examples of the page as a plugin."""
    module = types.ModuleType("plugin_of_the_page")
    for block in blocks_of(PAGE):
        if block.language == "python":
            run_python(block, PAGE, vars(module))
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    return manager


def test_each_hook_has_a_section_and_no_section_is_about_another() -> None:
    titles = re.findall(r"^### (kplug_\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(titles) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_has_the_hooks_parameters(hook: str, manager: pluggy.PluginManager) -> None:
    (found,) = getattr(manager.hook, hook).get_hookimpls()
    assert sorted(found.argnames) == sorted(getattr(manager.hook, hook).spec.argnames)


def test_the_section_names_each_parameter(manager: pluggy.PluginManager) -> None:
    sections = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    texts = dict(section.split("\n", 1) for section in sections[1:])
    for hook in HOOKS:
        names = getattr(manager.hook, hook).spec.argnames
        assert all(f"`{name}`" in texts[hook] for name in names), hook
