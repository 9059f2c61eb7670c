"""Entry points of the group `kplug.lifecycle`: what they are about, and which say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kplug.registry import KINDS, REGISTRY

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

CODE = "def pond(weight_matrix):\n    return 1\n\ndef lake(weight_matrix):\n    return 2\n"
HOOKS = "import kplug\n@kplug.hookimpl\ndef kplug_regularizers():\n    return {'lake': 'my_plugin:lake'}\n"


def _install(install: Sandbox, lifecycles: str) -> None:
    install(
        "my-plugin",
        entry_points="[kplug]\nhooks = my_hooks\n[kplug.regularizers]\npond = my_plugin:pond\n"
        f"puddle = my_plugin:pond\n[kplug.lifecycle]\n{lifecycles}\n",
        modules={"my_plugin.py": CODE, "my_hooks.py": HOOKS},
    )


def test_they_are_about_components_of_entry_points_and_of_hooks(install: Sandbox) -> None:
    _install(install, "regularizer.Pond = deprecated:lake\nregularizer.lake = stable")
    found = {one.name: one for one in REGISTRY.components(KINDS["regularizer"])}
    assert (found["pond"].lifecycle, found["pond"].successor) == ("deprecated", "lake")
    assert (found["lake"].lifecycle, found["lake"].successor) == ("stable", None)
    assert install.problems("my-plugin") == []


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("regularizer.pnd = stable", "is about no regularizer that it offers"),
        (
            "regularizer.puddle = deprecated:pond",
            "is about an alias of 'pond', which has no lifecycle of its own. Let the old name be a "
            "function that calls the new one",
        ),
        ("regularizr.pond = stable", "is of no kind. Did you mean 'regularizer'?"),
        (
            "pond = stable",
            "is of no kind. Write 'kind.name', as in 'loss.dice_loss'.",
        ),
        (
            "regularizer.pond = old",
            "is not read: 'old' is no lifecycle. Stages are experimental, stable, deprecated, archived; "
            "the last two may name a successor: 'deprecated:acme_dice'.",
        ),
    ],
)
def test_one_that_says_nothing_is_a_problem(install: Sandbox, entry: str, problem: str) -> None:
    _install(install, entry)
    name = entry.partition(" ")[0]
    said = f"its entry point '{name}' in 'kplug.lifecycle' {problem}"
    assert install.problems("my-plugin") == [said]
