"""Lists of recalls: kept on this machine, named by settings, and what they keep from loading."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kplug
from kplug.errors import DisabledComponentError, PolicyError
from kplug.registry import REGISTRY, resolve
from kplug.registry.policy import Installed, Policy, read_policy
from kplug.registry.policy.notice_files import find_folder, keep_recalls
from tests.registry.conftest import Sandbox, write_notices

POINTS = {"kplug.regularizers": {"pond": "lake:pond"}}
MODULES = {"lake.py": "def pond(weight_matrix):\n    return 0.25\n"}
REASON = "it was recalled on 2026-04-01: stolen key ({file})"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return where the registry's list is kept."""
    return tmp_path / "recalls" / "site.json"


def test_a_recalled_release_does_not_load_and_comes_back(install: Sandbox, kept: Path) -> None:
    install("lake", "1.2", entry_points=POINTS, modules=MODULES)
    write_notices(kept, recalls={"lake==1.2": "stolen key"})
    kplug.reload()
    with pytest.raises(DisabledComponentError) as caught:
        resolve("regularizer", "pond")
    assert str(caught.value) == (
        f"the regularizer 'pond' belongs to lake 1.2, which was recalled on 2026-04-01: stolen key ({kept})"
        "\n  Install another version of lake; `kplug audit` shows what was recalled."
    )
    with pytest.raises(DisabledComponentError):
        resolve("regularizer", "lake/pond")
    assert "lake" not in install.imported()
    write_notices(kept, 2)
    kplug.reload()
    assert "lake" in REGISTRY.state.discovery.by_name


def test_a_plugin_does_not_load_while_a_library_that_it_requires_is_recalled(
    install: Sandbox, kept: Path
) -> None:
    install("lake", "1.2", entry_points=POINTS, modules=MODULES, requires=["water[cold]>=1"])
    install("water", "2.0", requires=["Drop_Core"])
    install("drop-core", "3.0")
    write_notices(kept, recalls={"drop-core==3.0": "stolen key", "ice==1.0": "not here"})
    kplug.reload()
    with pytest.raises(DisabledComponentError) as caught:
        resolve("regularizer", "pond")
    assert (
        f"it requires drop-core 3.0, which was recalled on 2026-04-01: stolen key ({kept})"
        in str(caught.value)
    )
    assert "lake" not in install.imported()
    write_notices(kept, 2, recalls={"drop-core<3": "stolen key"})
    kplug.reload()
    assert resolve("regularizer", "pond").object("w") == 0.25


def test_another_version_loads_and_is_judged_again_at_import(
    install: Sandbox, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("lake", "1.1", entry_points=POINTS, modules=MODULES)
    write_notices(kept, recalls={"lake==1.2": "stolen key"})
    kplug.reload()
    assert "lake" in REGISTRY.state.discovery.by_name
    monkeypatch.setattr(REGISTRY, "reload", lambda: None)
    install.uninstall("lake", "1.1")
    install("lake", "1.2", entry_points=POINTS, modules=MODULES)
    with pytest.raises(DisabledComponentError, match=r"lake 1\.2.* it was recalled on 2026-04-01"):
        resolve("regularizer", "lake/pond")
    assert "lake" not in install.imported()


def test_no_setting_loads_what_was_recalled(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notices(kept, recalls={"lake==1.2": "stolen key"})
    monkeypatch.setenv("KPLUG_PLUGINS", "lake==1.2")
    assert kplug.find_refusal("lake", "1.2") == REASON.format(file=kept)
    assert kplug.find_refusal("lake", "1.3") == "KPLUG_PLUGINS asks for ==1.2"


def test_settings_name_lists_and_each_of_them_counts(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notices(kept, recalls={"lake==1.2": "stolen key"})
    project = tmp_path / "project"
    given = project / "lists" / "given.json"
    write_notices(given, recalls={"lake==1.3": "stolen key"})
    (project / "pyproject.toml").write_text("[tool.kplug]\nrecalls = 'lists/given.json'\n")
    environ = {"KPLUG_RECALLS": str(given)}
    for policy in (read_policy({}, project), read_policy(environ, tmp_path)):
        reasons = [policy.find_refusal(Installed("lake", each)) for each in ("1.2", "1.3", "1.4")]
        assert reasons == [REASON.format(file=kept), REASON.format(file=given), None]


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-9]), "it is no JSON"),
        (lambda file: file.write_bytes(b"x" * (2 << 20)), "it has more than 1 MiB"),
        (lambda file: os.truncate(file, 4 << 30), "it has more than 1 MiB"),
        (lambda file: file.unlink() or file.mkdir(), "it is no regular file|Is a directory"),
        (lambda file: file.unlink() or os.mkfifo(file), "it is no regular file"),  # type: ignore[func-returns-value]
    ],
    ids=["truncated", "large", "gigabytes", "folder", "pipe"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes")
def test_no_plugin_loads_while_a_list_cannot_be_read(
    kept: Path, break_it: Callable[[Path], object], reason: str
) -> None:
    write_notices(kept, recalls={"lake==1.2": "stolen key"})
    break_it(kept)
    policy = read_policy({}, kept.parent)
    (error,) = policy.errors
    assert str(kept) in error.message
    with pytest.raises(PolicyError, match=reason):
        raise error
    assert policy.find_refusal(Installed("tides", "1.0")) == error.message


def test_a_folder_of_lists_that_is_none_and_a_list_that_is_missing(
    tmp_path: Path, kept: Path
) -> None:
    kept.parent.write_text("no folder")
    (error,) = read_policy({}, tmp_path).errors
    assert f"the list of recalls {kept.parent} cannot be read" in error.message
    kept.parent.unlink()
    (error,) = read_policy({"KPLUG_RECALLS": "nowhere.json"}, tmp_path).errors
    assert str(error) == (
        "KPLUG_RECALLS is 'nowhere.json', and there is no such file\n"
        "  Put the list there, or remove the setting."
    )


def test_without_lists_nothing_changes(tmp_path: Path, kept: Path) -> None:
    kept.parent.mkdir()
    (kept.parent / ".new").write_text("half a list")
    assert read_policy({}, tmp_path) == Policy()


def test_a_list_is_kept_and_an_older_one_is_refused(kept: Path, tmp_path: Path) -> None:
    newer = write_notices(tmp_path / "newer.json", 3, recalls={"lake==1.2": "stolen key"})
    older = write_notices(tmp_path / "older.json", 2)
    keep_recalls("site", newer)
    before = kept.stat().st_mtime_ns
    keep_recalls("site", newer)  # the same one writes nothing
    assert kept.stat().st_mtime_ns == before
    with pytest.raises(PolicyError) as caught:
        keep_recalls("site", older)
    assert str(caught.value) == (
        f"the list of recalls {kept} is list number 3 of 2026-04-01, recalls: 1, advisories: 0, and the "
        "new one is older: list number 2 of 2026-04-01, recalls: 0, advisories: 0\n  Somebody may be "
        "holding a recall back. Ask whoever publishes the list; if theirs is right, remove the file."
    )
    assert kept.read_bytes() == newer
    keep_recalls("other", older)  # another origin has a number of its own
    assert [file.name for file in sorted(kept.parent.iterdir())] == ["other.json", "site.json"]


def test_what_is_no_list_is_not_kept_and_a_damaged_one_is_mended(
    kept: Path, tmp_path: Path
) -> None:
    data = write_notices(tmp_path / "list.json")
    for name, content in (("../site", data), ("site", data[:-9])):
        with pytest.raises(PolicyError):
            keep_recalls(name, content)
    assert not kept.parent.exists()
    kept.parent.mkdir()
    kept.write_bytes(data[:-9])
    keep_recalls("site", data)
    assert kept.read_bytes() == data


def test_where_lists_are_kept(tmp_path: Path) -> None:
    assert find_folder({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "kplug" / "recalls"
    assert find_folder({"XDG_DATA_HOME": "relative"}) is None
    assert find_folder({}) == Path("~/.local/share/kplug/recalls").expanduser()
