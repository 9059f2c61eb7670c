"""Limits of an installed plugin: what it can and cannot do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.errors import DisabledComponentError
from kplug.registry import REGISTRY, get_kind
from kplug.registry.loading.distribution_hash import hash_distribution
from kplug.registry.loading.module_ownership import find_distribution
from tests.registry.trust.lakes import POND, load, offer
from tests.registry.trust.watched import run_watched

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox


def test_a_module_of_hooks_is_imported_when_names_are_looked_up(install: Sandbox) -> None:
    hooks = "import kplug\n@kplug.hookimpl\ndef kplug_regularizers():\n    return {'pond': 'lake:pond'}\n"
    install(
        "lake",
        entry_points={"kplug": {"plugin": "lake_hooks"}},
        modules={"lake_hooks.py": hooks, "lake.py": POND},
    )
    assert install.imported() == set()
    component = REGISTRY.index(get_kind("regularizer")).find_qualified("lake", "pond")
    assert install.imported() == {"lake_hooks"}
    assert component is not None
    REGISTRY.load(component)
    assert install.imported() == {"lake_hooks", "lake"}


def test_the_code_of_a_plugin_may_do_anything(install: Sandbox) -> None:
    offer(install, source=f"open('written', 'w').close()\n{POND}")
    assert not Path("written").exists()
    load("lake/pond")
    assert Path("written").exists()


def test_the_code_of_others_may_import_what_is_switched_off(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(install, "sea")
    offer(install, source=f"import sea\n{POND}")
    monkeypatch.setenv("KPLUG_DISABLE", "sea")
    kplug.reload()
    load("lake/pond")
    assert install.imported() == {"lake", "sea"}


def test_lines_of_a_pth_file_run_though_it_is_switched_off(install: Sandbox) -> None:
    offer(install)
    (install.folder / "lake.pth").write_text("import os; open('written', 'w').close()\n")
    before = f"import site, kplug; site.addsitedir({str(install.folder)!r})"
    run_watched(before, "", path=install.folder, KPLUG_DISABLE="lake")
    assert Path("written").exists()


@pytest.mark.parametrize("is_strict", [False, True])
def test_a_changed_file_is_refused_by_who_pins(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, is_strict: bool
) -> None:
    offer(install)
    install.record("lake")
    digest = hash_distribution(find_distribution("lake"))
    (install.folder / "lake.py").write_text("def pond():\n    return 'changed'\n")
    monkeypatch.setenv("KPLUG_PLUGINS", "lake==1.0" if is_strict else f"lake --hash={digest}")
    monkeypatch.setenv("KPLUG_STRICT", "1" if is_strict else "0")
    kplug.reload()
    with pytest.raises(
        DisabledComponentError, match="the file of 'lake' is not as it was installed"
    ):
        load("lake/pond")
    assert "lake" not in install.imported()


def test_a_changed_file_is_loaded_by_a_list_of_names_or_versions(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(install, source="def pond():\n    return 'changed'\n")
    (install.info("lake", "1.0") / "RECORD").write_text("lake.py,sha256=x,1\n")
    monkeypatch.setenv("KPLUG_PLUGINS", "lake==1.0")
    kplug.reload()
    assert load("lake/pond")() == "changed"


@pytest.mark.parametrize("listed", ["lake==1.0", "lake --hash={}", "lake==1.0 --hash={}"])
def test_an_editable_install_is_judged_by_the_version_that_it_states(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch, listed: str
) -> None:
    offer(install)
    facts = {"dir_info": {"editable": True}, "url": install.folder.as_uri()}
    (install.info("lake", "1.0") / "direct_url.json").write_text(json.dumps(facts))
    digest = str(hash_distribution(find_distribution("lake")))
    assert digest.startswith("editable-sha256:")
    monkeypatch.setenv("KPLUG_PLUGINS", listed.format(digest.removeprefix("editable-")))
    kplug.reload()
    if "hash" in listed:
        with pytest.raises(
            DisabledComponentError, match="does not name its hash, editable-sha256:"
        ):
            load("lake/pond")
    else:
        assert load("lake/pond")(0) == 0.25


@pytest.mark.parametrize("name", ["sea/pond", "sea>pond", "kplug/l2", "l2.pond"])
def test_no_declaration_takes_a_qualified_name_of_another(install: Sandbox, name: str) -> None:
    offer(install, "sea")
    install(
        "lake", entry_points={"kplug.regularizers": {name: "lake:pond"}}, modules={"lake.py": POND}
    )
    index = REGISTRY.index(get_kind("regularizer"))
    assert [item.location for item in index.components if item.origin.distribution == "lake"] == []
    assert "cannot be the name of a component" in install.problems("lake")[0]


def test_nothing_is_installed_and_no_index_is_asked(install: Sandbox) -> None:
    before = """
import kplug
def attempt(ref):
    try:
        kplug.resolve("regularizer", ref)
    except kplug.KplugError as error:
        return str(error)
attempt("kplug-nothing/x"), attempt("nothing")
"""
    watched = "result = attempt('kplug-segmentation/dice_loss'), attempt('evil-package/dice_loss')"
    done = run_watched(before, watched, path=install.folder)
    assert done.seen == []
    assert "evil-package" in done.result[1]
    assert "pip install" not in done.result[1]
