"""The drills of docs/registry.md: their commands run as they stand there, and end what they are about."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from kplug_registry.building import build_site
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.client.installation_plan import plan_installation
from kplug_registry.client.installing import check_policy
from kplug_registry.errors import InstallationError, NotPermittedError, TrustError
from kplug_registry.publishing import add_owner, publish
from kplug_registry.serving.application import make_application
from kplug_registry.serving.database import Database
from kplug_registry.serving.served_sites import SiteFolder
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import SigningKeys, generate_keys, read_keys
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root
from kplug_registry.trust.signing import sign_site
from kplug_registry.trust.verified_site import VerifiedSite
from kplug_registry.wheels import read_wheel
from starlette.testclient import TestClient
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.errors import DisabledComponentError

MakeWheel = Callable[..., Path]
TIME = "2026-01-31T12:00:00Z"
TEXT = (Path(__file__).parents[4] / "docs" / "registry.md").read_text("utf-8")
DRILLS = re.findall(r"^#### (.*?)\n.*?^```\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def run(title: str, statuses: Mapping[str, int] | None = None, **places: Path) -> dict[str, str]:
    """Run the commands of a drill, and return what each prints, by its first two words."""
    (block,) = (text for name, text in DRILLS if name == title)
    said = {}
    for line in block.splitlines():
        words = [str(places.get(word, word)) for word in shlex.split(line)]
        name = " ".join(
            words[1:3] if words[1] in ("token", "owner", "trust", "index") else [words[1]]
        )
        result = CliRunner().invoke(app, words[1:])
        assert result.exit_code == (statuses or {}).get(name, 0), (line, result.exception)
        said[name] = result.output
        kplug.reload()
    return said


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def signed(make_wheel: MakeWheel, tmp_path: Path, keys: Path) -> Path:
    """A site of Anna's plugin, whose root has three keys of which two sign."""
    site = tmp_path / "site"
    build_site([read_wheel(make_wheel())], site, TIME, "anna")
    signers = generate_keys(keys, root_keys=3)
    Folder(site).write(lay_out_root(make_root(signers, 2)))
    sign_site(Folder(site), read_keys(keys))
    return site


@pytest.fixture
def project(signed: Path, machine: Path) -> Path:
    """A project that trusts the root of the site."""
    configure(machine, signed)
    return machine


def configure(project: Path, site: Path) -> None:
    root = get_fingerprint((site / "metadata" / "1.root.json").read_bytes())
    setting = f'[tool.kplug.registries.company]\npath = "{site}"\nroot = "{root}"\n'
    (project / "pyproject.toml").write_text(setting, "utf-8")
    kplug.reload()


def find_version() -> str:
    (planned,) = plan_installation(open_registries(), ["kplug-waves"])
    return planned.release.version


def sign_as_a_thief(site: Path, folder: Path, keys: SigningKeys) -> VerifiedSite:
    """Return a client of a copy of a site that somebody signs anew, with keys that they have got."""
    stolen = folder / "stolen"
    shutil.copytree(site, stolen)
    (stolen / "registry.json").write_text('{"format":1}')
    sign_site(Folder(stolen), keys)
    root = get_fingerprint((site / "metadata" / "1.root.json").read_bytes())
    return VerifiedSite(stolen.as_uri(), folder / "client", root)


def test_each_drill_is_run_here() -> None:
    tests = Path(__file__).read_text("utf-8")
    assert len(DRILLS) == 5
    assert all(f'run("{title}"' in tests.replace("\n        ", "") for title, _ in DRILLS)


def test_a_stolen_token_ends_with_what_it_has_published(
    project: Path,
    signed: Path,
    keys: Path,
    make_wheel: MakeWheel,
    tmp_path: Path,
    upload: Callable[..., Any],
) -> None:
    file = tmp_path / "serve.sqlite"
    tokens = TokenStore(Database(file))
    stolen, mallory = tokens.add("anna"), tokens.add("mallory")
    application = make_application(SiteFolder(signed, read_keys(keys)), Database(file))
    with TestClient(application) as server:
        bad = make_wheel(version="6.6")
        assert upload(server, bad, stolen).status_code == 200
        path = "/owners/kplug-waves/mallory"
        assert server.put(path, auth=("__token__", stolen)).status_code == 200
        assert find_version() == "6.6"
        said = run("A token was stolen", DATABASE=file, SITE=signed, KEYS=keys)
        assert f"{bad.name} sha256:" in said["token log"].replace("sha256=", "sha256:")
        assert "mallory added by anna" in said["owner list"]
        again = make_wheel(version="6.7")
        assert upload(server, again, stolen).status_code == 401
        assert upload(server, again, mallory).status_code == 403
        assert find_version() == "1.0"
        fresh = said["token add"].strip()
        assert upload(server, make_wheel(version="1.1"), fresh).status_code == 200
    assert find_version() == "1.1"


def test_a_poisoned_release_is_neither_installed_nor_loaded(
    project: Path, signed: Path, keys: Path, make_wheel: MakeWheel, install: Callable[[Path], Path]
) -> None:
    bad = make_wheel(version="6.6")
    publish([read_wheel(bad)], Folder(signed), TIME, read_keys(keys), "anna")
    install(bad)
    kplug.reload()
    assert kplug.resolve("loss", "wave_loss").component.origin.version == "6.6"
    said = run("A release was poisoned", {"audit": 1}, SITE=signed, KEYS=keys)
    assert "kplug-waves 6.6: recalled on " in said["audit"]
    assert "install kplug-waves 1.0 from the registry company" in said["install"]
    with pytest.raises(DisabledComponentError, match="sends data away"):
        kplug.resolve("loss", "wave_loss")
    with pytest.raises(InstallationError, match="sends data away"):
        check_policy(plan_installation(open_registries(), ["kplug-waves==6.6"]))


def test_a_stolen_key_signs_nothing_any_longer(
    project: Path, signed: Path, keys: Path, tmp_path: Path
) -> None:
    assert find_version() == "1.0"
    old, new = read_keys(keys), tmp_path / "new"
    assert sign_as_a_thief(signed, tmp_path / "before", old).fetch("registry.json")
    said = run("A key was stolen", SITE=signed, KEYS=keys, NEW=new)
    assert said["index verify"] == f"{signed}: sound\n"
    assert find_version() == "1.0"  # who trusts the first root follows to the second one
    with pytest.raises(TrustError):
        sign_as_a_thief(signed, tmp_path / "after", old).fetch("registry.json")


def test_one_of_three_keys_may_be_lost(
    project: Path, signed: Path, keys: Path, tmp_path: Path, make_wheel: MakeWheel
) -> None:
    (keys / "root-2.pem").unlink()
    new = tmp_path / "new"
    run("A key of the root was lost", SITE=signed, KEYS=keys, NEW=new)
    assert sorted(each.name for each in new.glob("root-*.pem")) == [
        *("root-1.pem", "root-2.pem", "root-3.pem"),
    ]
    publish([read_wheel(make_wheel(version="2.0"))], Folder(signed), TIME, read_keys(new), "anna")
    assert find_version() == "2.0"


def test_without_keys_of_the_root_a_site_begins_anew(
    project: Path, signed: Path, keys: Path, tmp_path: Path, make_wheel: MakeWheel
) -> None:
    for file in keys.glob("root-*.pem"):
        file.unlink()
    later = read_wheel(make_wheel(version="2.0"))
    publish([later], Folder(signed), TIME, read_keys(keys), "anna")  # meanwhile it goes on
    assert find_version() == "2.0"
    following = tmp_path / "next"
    shutil.copytree(signed, following, ignore=shutil.ignore_patterns("metadata", "targets"))
    run("All keys of the root were lost", NEXT=following, NEW=tmp_path / "new")
    configure(project, following)
    assert find_version() == "2.0"
    with pytest.raises(NotPermittedError):  # owners stay who they are
        publish([later], Folder(following), TIME, read_keys(tmp_path / "new"), "mallory")
    owners = add_owner(Folder(following), "kplug-waves", "bert", TIME, read_keys(tmp_path / "new"))
    assert owners.owners == ("anna", "bert")
