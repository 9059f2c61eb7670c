"""The lock file: read as it was written; what is damaged, hostile or newer is refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kplug.errors import LockError
from kplug.locking import InstallSource, Lock, LockedPackage, format_lock, read_lock

DIGEST = f"sha256:{'a' * 64}"
COMMIT = "c" * 40
FULL = Lock(
    (
        LockedPackage("kplug-index", "1.0", DIGEST, components=("loss overlap", "metric iou")),
        LockedPackage(
            "kplug-vcs",
            "1.0+cpu",
            "",
            InstallSource("git+https://example.org/a.git", COMMIT, "one/two"),
        ),
        LockedPackage(
            "kplug-editable",
            "2.0rc1",
            f"editable-{DIGEST}",
            InstallSource("", COMMIT, is_editable=True),
        ),
        LockedPackage(
            "kplug-wheel", "1.0", DIGEST, InstallSource("file:///a.whl", archive_hash=DIGEST)
        ),
    ),
    ("custom/my_loss", 'custom/"é'),
)
ONE = "layout = 1\n[[packages]]\nname = 'kplug-one'\nversion = '1.0'\n"


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "kplug.lock"
    path.write_text(format_lock(FULL, "a\nlayout = 9"), encoding="utf-8")
    assert read_lock(path) == FULL


def test_the_text_of_a_lock() -> None:
    package = LockedPackage("kplug-one", "1.0", DIGEST, components=("loss overlap",))
    assert format_lock(Lock((package,)), "model.keras") == (
        "# What supplies the components of 'model.keras': written by `kplug lock`.\n"
        "# `kplug lock --check` compares it with what is installed, `kplug sync` installs it.\n"
        "layout = 1\n\n"
        "[[packages]]\n"
        'name = "kplug-one"\n'
        'version = "1.0"\n'
        f'hash = "{DIGEST}"\n'
        'components = [\n  "loss overlap",\n]\n'
    )


@pytest.mark.parametrize(
    ("lock", "reason"),
    [
        (Lock((LockedPackage("kplug-one", "not a version"),)), "the version 'not a version'"),
        (Lock((), ("custom/\x1b[31m",)), "'not-locked' has"),
        (Lock((), ("custom/\x9b31m",)), "'not-locked' has"),
        (Lock((), ("custom/\ud800",)), "'not-locked' has"),
        (Lock((), ("a" * 501,)), "'not-locked' has 'aaa"),
        (Lock((), ("a" * 400,) * 1000), "more than 256 KiB"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(lock: Lock, reason: str) -> None:
    with pytest.raises(LockError) as caught:
        format_lock(lock)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it has no layout"),
        ("layout = true", "it has no layout"),
        ("layout = '1'", "it has no layout"),
        ("layout = 0", "it has no layout"),
        ("layout = 1\nindex = 'https://evil.example'", "an unknown key 'index'"),
        ("layout = 1\npackages = 3", "'packages' is no list of tables"),
        ("layout = 1\npackages = [3]", "'packages' is no list of tables"),
        ("layout = 1\nnot-locked = 3", "'not-locked' is no list"),
        ("layout = 1\nnot-locked = ['a\\u001b[31m']".replace("'", '"'), '"not-locked" has'),
        ("layout = 1\n[[packages]]\nname = 'a'", "no name or no version"),
        (ONE + "index = 'https://evil.example'", "a package has an unknown key 'index'"),
        (ONE + "hash = 'md5:1'", "a package has the hash 'md5:1'"),
        (ONE + "commit = '--upload-pack=x'", "a package has the commit '--upload-pack=x'"),
        (ONE + "commit = 3", "a package has the commit 3"),
        (ONE + "editable = 1", "'editable' is neither true nor false"),
        (ONE + "components = ['loss os.system']", "'components' has 'loss os.system'"),
        (ONE + "components = ['loss a; rm']", "'components' has 'loss a; rm'"),
        (ONE + "url = 'https://a/a.whl'", "the address of kplug-one has no archive-hash"),
        (ONE + f"url = 'https://a'\ncommit = '{COMMIT}'", "of kplug-one has no archive-hash"),
        (ONE + "url = 'git+https://a'", "the address of kplug-one has no commit"),
        (ONE + f"url = 'git+file:///a'\narchive-hash = '{DIGEST}'", "of kplug-one has no commit"),
        (ONE + f"url = '-r evil.txt'\ncommit = '{COMMIT}'", "a package has the url '-r evil.txt'"),
        (ONE + f"url = 'ext::sh -c evil'\ncommit = '{COMMIT}'", "the url 'ext::sh -c evil'"),
        (ONE + f"url = 'https://a/#egg'\ncommit = '{COMMIT}'", "the url 'https://a/#egg'"),
        (ONE + "subdirectory = '../../x'", "the subdirectory '../../x'"),
        (ONE + "subdirectory = 'a/../../x'", "the subdirectory 'a/../../x'"),
        (ONE + "subdirectory = '/etc'", "the subdirectory '/etc'"),
        (ONE.replace("kplug-one", "--index-url"), "the name '--index-url'"),
        (ONE.replace("kplug-one", "Kplug_One"), "the name 'Kplug_One'"),
        (ONE.replace("kplug-one", "a" * 500), "the name 'aaa"),
        (ONE.replace("'1.0'", "'1.0 --pre'"), "the version '1.0 --pre'"),
        (ONE.replace("'1.0'", "'nightly'"), "'nightly' is no version"),
        (ONE + ONE.partition("\n")[2], "it has 'kplug-one' twice"),
    ],
)
def test_a_damaged_lock_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "kplug.lock"
    path.write_text(text)
    with pytest.raises(LockError) as caught:
        read_lock(path)
    assert reason.replace('"', "'") in str(caught.value)
    assert str(caught.value).startswith(f"{path}: the lock cannot be used: ")
    assert caught.value.hint == "`kplug lock` writes it again."
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"layout = ", "cannot be read"),
        (b"\xff\xfel\0", "seems to be in UTF-16"),
        (b"layout = 1 #" + b"a" * (300 << 10), "more than 256 KiB"),
        (b"a" + b".a" * 2000 + b" = 1", "a line has more than 1000 dots"),
        (b"layout = " + b"[" * 100_000, "cannot be read"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "kplug.lock"
    path.write_bytes(data)
    with pytest.raises(LockError, match=reason):
        read_lock(path)


def test_without_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # messages cut long paths
    with pytest.raises(LockError) as caught:
        read_lock(Path("kplug.lock"))
    assert str(caught.value) == "there is no lock 'kplug.lock'\n  `kplug lock` writes one."


def test_a_lock_of_a_newer_layout_says_so(tmp_path: Path) -> None:
    path = tmp_path / "kplug.lock"
    path.write_text("layout = 2\nsomething = 'new'\n")
    with pytest.raises(LockError) as caught:
        read_lock(path)
    assert str(caught.value) == (
        f"{path}: the lock has layout 2, this kplug reads 1\n  pip install --upgrade kplug"
    )


def test_a_pylock_has_no_room_for_a_package_that_came_from_an_index() -> None:
    """The reason for a format of our own: an installation does not know its wheel's address and hash."""
    pylock = pytest.importorskip("packaging.pylock")
    tool = {"kplug": {"hash": DIGEST}}
    package: dict[str, Any] = {"name": "kplug-one", "version": "1.0", "tool": tool}
    file = {"lock-version": "1.0", "created-by": "kplug", "packages": [package]}
    with pytest.raises(
        pylock.PylockValidationError, match="Exactly one of vcs, directory, archive"
    ):
        pylock.Pylock.from_dict(file)
    package["wheels"] = [{"name": "kplug_one-1.0-py3-none-any.whl", "hashes": {"sha256": "a"}}]
    with pytest.raises(pylock.PylockValidationError, match="path or url must be provided"):
        pylock.Pylock.from_dict(file)
