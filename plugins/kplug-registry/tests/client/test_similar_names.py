"""`kplug install` answers a name that no registry has with those that are like it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from kplug_registry.building import build_site
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.client.installation_plan import plan_installation
from kplug_registry.errors import InstallationError
from kplug_registry.storage import Folder
from kplug_registry.trust.keys import generate_keys, read_keys
from kplug_registry.trust.roots import get_fingerprint, lay_out_root, make_root
from kplug_registry.trust.signing import sign_site
from kplug_registry.wheels import read_wheel

import kplug
from tests.plugins.site_server import Server

_MOST_REQUESTS = 5  # for a word: three lists of words, and two files of hits


@pytest.fixture
def site(machine: Path, make_wheel: Callable[..., Path], tmp_path: Path) -> Path:
    """Build and sign a site, and name it in the settings."""
    folder = tmp_path / "site"
    fens = "[kplug.losses]\nfen_loss = kplug_fens:fen_loss\n"
    code = {"kplug_fens/__init__.py": "def fen_loss(y_true, y_pred):\n    '''A fen.'''\n"}
    pools = "[kplug.losses]\npools = kplug_pools:pools\n"  # as its distribution
    wheels = [
        make_wheel(),
        make_wheel("kplug-fens", entry_points=fens, code=code),
        make_wheel(
            "kplug-pools",
            entry_points=pools,
            code={"kplug_pools/__init__.py": "def pools(y_true, y_pred):\n    '''A pool.'''\n"},
        ),
    ]
    build_site(map(read_wheel, wheels), folder, "2026-01-31T12:00:00Z")
    root = make_root(generate_keys(tmp_path / "keys"))
    Folder(folder).write(lay_out_root(root))
    sign_site(Folder(folder), read_keys(tmp_path / "keys"))
    configure(machine, folder.as_uri(), root)
    return folder


def configure(project: Path, address: str, root: bytes) -> None:
    (project / "pyproject.toml").write_text(
        f'[tool.kplug.registries.company]\nurl = "{address}"\nroot = "{get_fingerprint(root)}"\n'
    )
    kplug.reload()


def ask(wanted: str) -> list[str]:
    with pytest.raises(InstallationError, match="no registry has a") as caught:
        plan_installation(open_registries(), [wanted])
    hint = caught.value.hint or ""
    assert hint.endswith("`kplug search WORD` shows what there is.")
    return re.findall(r"'([^']+)'", hint)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("kplug-wave", ["kplug-waves"]),
        ("kplug-waevs", ["kplug-waves"]),
        ("kplugwave", ["kplug-waves"]),
        ("waves", ["kplug-waves", "wave_loss"]),
        ("wave_los", ["wave_loss", "kplug-waves"]),
        ("WaveLos", ["wave_loss", "kplug-waves"]),
        ("wave-losss", ["wave_loss", "kplug-waves"]),
        ("kplug-wave==1.0", ["kplug-waves"]),
        ("kplug-wave/wave_loss", ["kplug-waves"]),
        ("wave_los==1.0", ["kplug-waves"]),  # only a distribution has versions
        ("poolss", ["kplug-pools", "pools"]),
        ("numpy", []),
        ("kplug", []),
    ],
)
def test_similar_names_are_suggested(wanted: str, meant: list[str]) -> None:
    assert ask(wanted) == meant


def test_a_misspelt_name_costs_a_few_files_and_once_more_none(machine: Path, site: Path) -> None:
    server = Server(site)
    configure(machine, server.address, (site / "metadata/1.root.json").read_bytes())
    long = "-".join(f"wa{number:03}" for number in range(12))
    for wanted, words in (("kplug-wave", 1), (long, 3)):
        ask(wanted)
        files = [path for path, _ in server.take_requests() if path.startswith("/targets/")]
        assert len(files) <= words * _MOST_REQUESTS
    ask("kplug-wave")
    assert [path for path, _ in server.take_requests()] == ["/metadata/latest.json"]
    server.close()


def test_a_registry_that_fails_hides_no_message(machine: Path, site: Path) -> None:
    server = Server(site)
    configure(machine, server.address, (site / "metadata/1.root.json").read_bytes())
    for path in site.glob("targets/prefixes/*"):
        path.unlink()
    assert ask("kplug-wave") == []
    server.close()
