"""The hash of an installed distribution: what alters it and what does not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import importlib_metadata
import pytest

from kplug.registry.loading.distribution_hash import hash_distribution

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox

RECORD = (
    "kplug_one/__init__.py,sha256=aaa,10\n"
    "kplug_one-1.0.dist-info/METADATA,sha256=bbb,10\n"
    "kplug_one-1.0.dist-info/RECORD,,\n"
)


def _hash(install: Sandbox) -> str | None:
    found: Any = importlib_metadata.distributions(name="kplug-one", path=[str(install.folder)])
    return hash_distribution(next(iter(found)))


def _record(install: Sandbox, text: str) -> str | None:
    (install.info("kplug-one", "1.0") / "RECORD").write_text(text)
    return _hash(install)


@pytest.mark.parametrize(
    "added",
    [
        "kplug_one-1.0.dist-info/INSTALLER,sha256=ccc,4\n",
        "kplug_one-1.0.dist-info/direct_url.json,sha256=ccc,4\n",
        "../../../bin/one,sha256=ccc,4\n",
        "kplug_one/__pycache__/__init__.cpython-311.pyc,,\n",
    ],
)
def test_what_an_installer_adds_does_not_count(install: Sandbox, added: str) -> None:
    install("kplug-one")
    plain = _record(install, RECORD)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", str(plain))
    assert _record(install, added + RECORD) == plain


@pytest.mark.parametrize("change", [("aaa", "zzz"), ("__init__", "other"), ("bbb", "zzz")])
def test_a_changed_file_counts(install: Sandbox, change: tuple[str, str]) -> None:
    install("kplug-one")
    assert _record(install, RECORD) != _record(install, RECORD.replace(*change))


def test_without_a_record_there_is_no_hash(install: Sandbox) -> None:
    install("kplug-one")
    assert _hash(install) is None


@pytest.mark.parametrize("text", ["[", "[]", '{"dir_info": 3}', '{"dir_info": {"editable": true}}'])
def test_a_broken_direct_url_is_that_of_no_editable_install(install: Sandbox, text: str) -> None:
    install("kplug-one")
    plain = _record(install, RECORD)
    (install.info("kplug-one", "1.0") / "direct_url.json").write_text(text)
    assert _hash(install) == plain


def test_of_an_editable_install_the_files_of_its_packages_count(
    install: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "project" / "src"
    (source / "kplug_one" / "inner").mkdir(parents=True)
    (source / "kplug_one" / "__init__.py").write_text("raise RuntimeError('never imported')")
    inner = source / "kplug_one" / "inner" / "losses.py"
    inner.write_text("alpha = 1")
    monkeypatch.syspath_prepend(str(source))
    entries = {"one": "kplug_one.inner:x", "other": "json:loads", "absent": "kplug_absent:x"}
    install("kplug-one", entry_points={"kplug.losses": entries})
    facts = {"dir_info": {"editable": True}, "url": (tmp_path / "project").as_uri()}
    (install.info("kplug-one", "1.0") / "direct_url.json").write_text(json.dumps(facts))
    plain = _record(install, RECORD)
    assert re.fullmatch(r"editable-sha256:[0-9a-f]{64}", str(plain))
    (source / "kplug_one" / "__pycache__").mkdir()
    (source / "kplug_one" / "__pycache__" / "losses.pyc").write_text("compiled")
    # Python writes bytecode under such a name before it renames the file.
    (source / "kplug_one" / "__pycache__" / "losses.pyc.140321").write_text("comp")
    (source / "kplug_one" / ".notes").write_text("an editor's")
    (source / "notes.txt").write_text("beside the package")
    assert _record(install, RECORD.replace("aaa", "zzz")) == plain
    inner.write_text("alpha = 2")
    other = _hash(install)
    assert other != plain
    (source / "kplug_one" / "table.json").write_text("3")
    assert _hash(install) not in (plain, other)
