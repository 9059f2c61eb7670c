"""Every kind has a hook and an entry-point group, and what either offers can be named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kplug import hookspecs
from kplug.registry import KINDS, REGISTRY, Kind, get_kind, look_up, parse_spec
from kplug.registry.kinds import BUILT_IN_KINDS, HOOKED

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

HOOKS = "import kplug\n" + "".join(
    f"@kplug.hookimpl\ndef {kind.hook}():\n    return {{'puddle_hook': 'puddles:{kind.name}'}}\n"
    for kind in KINDS.values()
)


@pytest.fixture
def puddles(install: Sandbox) -> Sandbox:
    groups = {kind.group: {"puddle": f"puddles:{kind.name}"} for kind in KINDS.values()}
    install(
        "puddles",
        entry_points={**groups, "kplug": {"plugin": "puddle_hooks"}},
        modules={"puddle_hooks.py": HOOKS, "puddles.py": "raise AssertionError('not used')\n"},
    )
    return install


def test_every_hook_is_specified_and_no_other() -> None:
    specified = {name for name in vars(hookspecs) if name.startswith("kplug_")}
    assert specified == {
        *(kind.hook for kind in HOOKED.values()),
        "kplug_kinds",
        "kplug_components",
        "kplug_offers",
        "kplug_archives",
        "kplug_changes",
        "kplug_environment",
        "kplug_findings",
        "kplug_left_out",
        "kplug_provenance",
        "kplug_reading",
        "kplug_versions",
        "kplug_verdict",
    }
    assert len(KINDS) == 10


@pytest.mark.sampled
@pytest.mark.usefixtures("puddles")
@pytest.mark.parametrize("kind", BUILT_IN_KINDS.values(), ids=list(BUILT_IN_KINDS))
def test_both_tiers_offer_components_of_every_kind(kind: Kind) -> None:
    for name in ("puddle", "puddle_hook"):
        for ref in (name, f"puddles/{name}"):
            component = look_up(get_kind(kind.name), parse_spec(ref)).component
            assert component.kind == kind.name
            assert component.target == f"puddles:{kind.name}"


def test_looking_all_of_them_up_imports_no_component(puddles: Sandbox) -> None:
    for kind in KINDS.values():
        REGISTRY.components(kind)
    assert REGISTRY.problems() == []
    assert puddles.imported() == {"puddle_hooks"}
