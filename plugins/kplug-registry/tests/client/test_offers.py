"""The message about an unknown name: its text, and the source of its offers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.client.offers import list_offers
from kplug_registry.client.searching import search

import kplug
from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer


@pytest.fixture
def site(tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path)
    offer(made, "kplug-pond", "0.9", ("loss", "pond_loss"))
    offer(made, "kplug-pond", "1.0", ("loss", "pond_loss"), ("metric", "pond_coef"))
    return made


def explain(kind: str, name: str) -> str:
    with pytest.raises(kplug.KplugError) as caught:
        kplug.resolve(kind, name)
    return str(caught.value)


def test_what_was_searched_is_offered_where_it_is_not_found(
    machine: Path, site: SignedFolder
) -> None:
    configure(machine, site)
    assert "kplug install" not in explain("loss", "pond_loss")
    search(open_registries(), "pond")
    line = "kplug-pond offers it: kplug install kplug-pond"
    assert line in explain("loss", "PondLoss(smooth=1)").splitlines()[1]
    assert line in explain("metric", "pond_coef")
    assert line in explain("loss", "kplug-pond/pond_loss")
    assert "kplug install" not in explain("metric", "pond_loss")  # it is a loss
    assert "kplug install" not in explain("loss", "other-pond/pond_loss")


@pytest.mark.parametrize("more", ["", "online = true"])
def test_what_has_a_qualified_name_alone_is_offered_for_that_name(
    machine: Path, site: SignedFolder, more: str
) -> None:
    offer(site, "kplug-fen", "1.0", ("loss", "fen_loss"), is_qualified_only=True)
    configure(machine, site, more=more)
    search(open_registries(), "fen")
    assert "kplug install" not in explain("loss", "fen_loss")
    assert "kplug install kplug-fen" in explain("loss", "kplug-fen/fen_loss")


def test_it_is_offered_without_any_request(machine: Path, site: SignedFolder) -> None:
    configure(machine, site)
    search(open_registries(), "pond")
    shutil.rmtree(site.site)
    assert "kplug install kplug-pond" in explain("loss", "pond_loss")


def test_a_registry_that_is_to_be_asked_is_asked(machine: Path, site: SignedFolder) -> None:
    configure(machine, site, more="online = true")
    assert "kplug-pond 1.0 offers it: kplug install kplug-pond" in explain("loss", "pond_loss")
    shutil.rmtree(site.site)  # from then on the copy answers
    assert "kplug-pond 1.0 offers it: kplug install kplug-pond" in explain("loss", "pond_loss")


def test_a_site_that_lies_offers_nothing(machine: Path, site: SignedFolder) -> None:
    configure(machine, site, more="online = true")
    file = site.site / "components/loss/pondloss.json"
    file.write_text(file.read_text().replace("kplug-pond", "kplug-evil"))
    assert "kplug install" not in explain("loss", "pond_loss")


def test_withdrawn_versions_are_not_offered(machine: Path, site: SignedFolder) -> None:
    offer(site, "kplug-pond", "1.1", ("loss", "pond_loss"), yanked="broken")
    configure(machine, site, more="online = true")
    assert "kplug-pond 1.0 offers it" in explain("loss", "pond_loss")


@pytest.mark.parametrize("name", ["../../x", "a" * 300, "", "ünï", "x/../y", "a b"])
def test_a_name_that_no_component_can_have_is_offered_by_nobody(
    machine: Path, site: SignedFolder, name: str
) -> None:
    configure(machine, site, more="online = true")
    assert list_offers(open_registries(), "loss", name) == []


def test_a_setting_in_error_is_told(machine: Path) -> None:
    (machine / "pyproject.toml").write_text("[tool.kplug.registries.ours]\npath = 'site'")
    kplug.reload()
    assert "the registry 'ours' in" in explain("loss", "pond_loss")


def test_a_model_file_that_needs_a_package_names_it_only_if_a_registry_has_it(
    machine: Path, site: SignedFolder
) -> None:
    offer(site, "kplug-pond", "1.1", ("layer", "Pond"), ("loss", "pond_loss"))
    configure(machine, site)
    search(open_registries(), "pond")
    stored = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}
    for package, is_offered in (("kplug-pond", True), ("kplug-evil", False)):
        layer = {"class_name": f"{package}>Pond", "config": {"name": "p"}}
        text = json.dumps({**stored, "config": {"name": "s", "layers": [layer]}})
        with pytest.raises(kplug.KplugError) as caught:
            kplug.models.model_from_json(text)
        assert ("kplug-pond offers it: kplug install kplug-pond" in str(caught.value)) == is_offered
        assert "kplug install kplug-evil" not in str(caught.value)


def test_before_the_first_search_a_model_that_needs_a_package_names_the_command(
    machine: Path, site: SignedFolder
) -> None:
    configure(machine, site)
    layer = {"class_name": "kplug-pond>Pond", "config": {"name": "p"}}
    text = json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}})
    with pytest.raises(kplug.KplugError, match="`kplug search Pond` asks the registries"):
        kplug.models.model_from_json(text)
