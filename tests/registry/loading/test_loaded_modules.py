"""``kplug.audit()`` lists the modules that a process has loaded from plugins."""

from __future__ import annotations

import sys

import pytest

import kplug
from kplug.errors import PluginLoadError
from kplug.registry import REGISTRY, LoadedModule, resolve
from tests.registry.conftest import Sandbox

POND = "def pond(weight_matrix, depth=0.25):\n    return depth\n"
HOOKS = "import kplug\n@kplug.hookimpl\ndef kplug_regularizers():\n    return {'lake': 'ponds_b:pond'}\n"


def _audit(distribution: str) -> list[LoadedModule]:
    return [each for each in kplug.audit() if each.distribution == distribution]


@pytest.fixture
def ponds(install: Sandbox) -> Sandbox:
    points = {"kplug.regularizers": {"pond": "ponds_a:pond", "rain": "ponds_a:rain"}}
    source = POND + "def rain(weight_matrix):\n    return 0\n"
    install("audited-a", "2.1", entry_points=points, modules={"ponds_a.py": source})
    install.record("audited-a", "2.1")
    return install


@pytest.mark.torch
def test_distribution_version_file_hash_and_objects(ponds: Sandbox) -> None:
    assert _audit("audited-a") == []
    resolve("regularizer", "pond")
    (row,) = _audit("audited-a")
    assert (row.version, row.module, row.objects) == ("2.1", "ponds_a", ("pond",))
    assert row.file == str(ponds.folder / "ponds_a.py")
    assert (row.hash or "").startswith("sha256:")
    resolve("regularizer", "audited-a/rain")
    assert _audit("audited-a")[0].objects == ("pond", "rain")


@pytest.mark.torch
def test_it_outlives_a_reload_and_says_the_build_that_runs(ponds: Sandbox) -> None:
    resolve("regularizer", "pond")
    before = _audit("audited-a")
    ponds.uninstall("audited-a", "2.1")
    ponds("audited-a", "3.0", entry_points={"kplug.regularizers": {"pond": "ponds_a:pond"}})
    assert _audit("audited-a") == before


@pytest.mark.torch
def test_a_module_of_hooks(install: Sandbox) -> None:
    modules = {"ponds_h.py": HOOKS, "ponds_b.py": POND}
    install("audited-b", entry_points={"kplug": {"h": "ponds_h"}}, modules=modules)
    REGISTRY.problems()
    assert [(each.module, each.objects) for each in _audit("audited-b")] == [("ponds_h", ())]
    resolve("regularizer", "lake")
    assert [each.module for each in _audit("audited-b")] == ["ponds_b", "ponds_h"]


def test_what_does_not_load_is_not_listed(install: Sandbox) -> None:
    points = {"kplug.regularizers": {"pond": "ponds_c:pond"}}
    install("audited-c", entry_points=points, modules={"ponds_c.py": "1 / 0\n"})
    with pytest.raises(PluginLoadError):
        resolve("regularizer", "pond")
    assert _audit("audited-c") == []


@pytest.mark.torch
def test_a_module_that_the_program_has_thrown_away_is_not_listed(ponds: Sandbox) -> None:
    resolve("regularizer", "pond")
    del sys.modules["ponds_a"]
    assert _audit("audited-a") == []


@pytest.mark.torch
def test_a_target_of_the_programs_own_code(install: Sandbox) -> None:
    (install.folder / "ponds_d.py").write_text(POND)
    with kplug.scope(regularizers={"pond": "ponds_d:pond"}):
        resolve("regularizer", "pond")
    (row,) = [each for each in _audit("custom") if each.module == "ponds_d"]
    assert (row.version, row.hash, row.objects) == ("", None, ("pond",))


@pytest.mark.torch
def test_kplugs_own() -> None:
    resolve("regularizer", "l2")
    (row,) = [each for each in _audit("kplug") if each.module == "kplug.regularizers.norms"]
    assert row.version == kplug.__version__
    assert "L2" in row.objects
