"""A plugin that is upgraded between its discovery and its first import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.registry.trust.watched import run_watched

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

UPGRADED = """
from kplug.registry import *
from kplug.registry.names.lookup import look_up
from pathlib import Path
import kplug, shutil, importlib_metadata
from kplug.registry.loading.distribution_hash import digest_of, hash_distribution

def write(version, source):
    info = site / f"lake-{version}.dist-info"
    for old in site.glob("lake-*"):
        shutil.rmtree(old)
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Name: lake\\nVersion: {version}\\n")
    (info / "entry_points.txt").write_text("[kplug.regularizers]\\npond = lake:pond\\n")
    digest = digest_of(source.encode())
    (info / "RECORD").write_text(f"lake.py,sha256={digest},1\\nlake_later.py,sha256={digest},1\\n")
    for name in ("lake.py", "lake_later.py"):
        (site / name).write_text(source)

def load():
    try:
        return REGISTRY.load(look_up(get_kind("regularizer"), parse_spec("lake/pond")).component)()
    except kplug.KplugError as error:
        return str(error)
"""
FIRST = "def pond():\n    import lake_later\n    return lake_later.number\nnumber = 1\n"
SECOND = f"{FIRST}number = 22\n"


def _upgrade(install: Sandbox, listed: str, versions: tuple[str, str], between: str = "") -> Any:
    """Return what a plugin that is upgraded between discovery and its first import does."""
    before = f"site = Path({str(install.folder)!r})\nwrite({versions[0]!r}, {FIRST!r})\n"
    digest = "hash_distribution(importlib_metadata.distribution('lake'))"
    before += f"os.environ['KPLUG_PLUGINS'] = {listed!r}.format({digest})\n"
    watched = "REGISTRY.index(get_kind('regularizer'))\n" + between
    watched += f"write({versions[1]!r}, {SECOND!r})\nresult = load(), 'lake' in sys.modules"
    return run_watched(UPGRADED + before, watched, path=install.folder).result


@pytest.mark.parametrize(
    ("listed", "versions", "reason"),
    [
        (
            "lake==1.0",
            ("1.0", "2.0"),
            "lake 2.0, which is switched off: KPLUG_PLUGINS asks for ==1.0",
        ),
        ("lake<2", ("1.0", "2.0"), "lake 2.0, which is switched off: KPLUG_PLUGINS asks for <2"),
        (
            "lake --hash={}",
            ("1.0", "1.0"),
            "lake 1.0, which is switched off: KPLUG_PLUGINS does not name its hash, sha256:",
        ),
    ],
)
def test_a_build_that_is_not_listed_is_not_imported_after_an_upgrade(
    install: Sandbox, listed: str, versions: tuple[str, str], reason: str
) -> None:
    message, is_imported = _upgrade(install, listed, versions)
    assert reason in message
    assert not is_imported


@pytest.mark.parametrize(("listed", "number"), [("lake", 22), ("lake>=1", 22)])
def test_a_build_that_is_listed_is_imported_after_an_upgrade(
    install: Sandbox, listed: str, number: int
) -> None:
    assert _upgrade(install, listed, ("1.0", "2.0")) == [number, True]


def test_what_a_plugin_imports_by_itself_is_not_judged(install: Sandbox) -> None:
    between = "REGISTRY.load(look_up(get_kind('regularizer'), parse_spec('lake/pond')).component)\n"
    assert _upgrade(install, "lake==1.0", ("1.0", "2.0"), between) == [22, True]
