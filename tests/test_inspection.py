"""``kplug.inspection`` answers questions about plugins through public names alone."""

from __future__ import annotations

from kplug import Spec, inspection
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen

LOSS = inspection.KINDS["loss"]


def _offer(install: Sandbox, name: str) -> None:
    install(name, entry_points={"kplug.losses": {"dune": "sand:dune"}})


def test_distributions_are_those_that_may_load(install: Sandbox) -> None:
    _offer(install, "a-plugin")
    _offer(install, "b-plugin")
    names = [origin.distribution for origin in inspection.list_distributions()]
    assert names == ["a-plugin", "b-plugin", "kplug", "torch"]
    assert inspection.list_switched_off() == {}


def test_what_is_switched_off_has_a_reason(install: Sandbox) -> None:
    (install.folder.parent / "pyproject.toml").write_text('[tool.kplug]\ndisable = ["a-plugin"]\n')
    _offer(install, "a-plugin")
    (reason,) = inspection.list_switched_off().values()
    assert "disable" in reason
    assert "a-plugin" not in [one.distribution for one in inspection.list_distributions()]


def test_a_name_means_a_component_where_something_decides(install: Sandbox) -> None:
    _offer(install, "a-plugin")
    found = inspection.find_component(LOSS, Spec("Dune"))
    assert found is not None
    assert found.qualified_name == "a-plugin/dune"
    _offer(install, "b-plugin")
    assert inspection.find_component(LOSS, Spec("dune")) is None
    assert inspection.find_component(LOSS, Spec("b-plugin/dune")) is not None
    assert inspection.find_component(LOSS, Spec("no_such_loss")) is None
