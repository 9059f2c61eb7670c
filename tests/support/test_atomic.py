"""A file is the old one or the new one, whatever happens in between."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kplug import load_model
from kplug.errors import WeightsError
from kplug.support.atomic import replacing


def test_new_content_replaces_the_old(tmp_path: Path) -> None:
    target = tmp_path / "a.h5"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(target) as temporary:
        assert temporary.parent.parent == tmp_path
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    target = tmp_path / "a.h5"
    target.write_text("old")

    def fail_half_way() -> None:
        with replacing(target) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(failure):
        fail_half_way()
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


def test_failed_rename_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(WeightsError) as caught, replacing(tmp_path / "a.h5") as temporary:
        temporary.write_text("new")
    assert str(caught.value) == (
        "the file cannot be written: no space\n"
        "  Check the free space and the permissions of the folder; nothing was replaced."
    )
    assert [file.name for file in tmp_path.iterdir()] == []


def test_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "a.h5", tmp_path / "link.h5"
    real.write_text("old")
    link.symlink_to(real)
    with replacing(link) as temporary:
        assert temporary.parent.parent == real.parent
        temporary.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_long_names_are_possible(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 250 + ".h5")
    with replacing(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "no/a.h5",
            "cannot save: the folder {no!r} does not exist\n"
            "  Create the folder first, or choose another path.",
        ),
        (
            ".",
            "cannot save: a folder of this name exists\n"
            "  Give the path of a file, such as 'model.h5'.",
        ),
    ],
)
def test_impossible_places(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(WeightsError) as caught, replacing(tmp_path / name):
        pytest.fail("the block must not run")
    assert str(caught.value) == message.format(no=str(tmp_path / "no"))


def test_write_protected_file_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.h5"
    target.write_text("old")
    # Root may write to any file, so the permission itself cannot be tested everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(WeightsError) as caught, replacing(target):
        pytest.fail("the block must not run")
    assert str(caught.value) == (
        "cannot save: the file exists and is write-protected\n"
        "  Make the file writable, or choose another path."
    )
    assert target.read_text() == "old"


def test_write_protected_folder_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(WeightsError) as caught, replacing(tmp_path / "a.h5"):
        pytest.fail("the block must not run")
    assert str(caught.value) == (
        f"cannot save: the folder {str(tmp_path)!r} is write-protected\n"
        "  Make the folder writable, or choose another path."
    )


def test_cleaning_up_does_not_hide_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(WeightsError, match="No space left"), replacing(tmp_path / "a.h5"):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.h5"
    os.mkfifo(pipe)
    for target in (pipe, Path(os.devnull)):
        with pytest.raises(WeightsError) as caught, replacing(target):
            pytest.fail("the block must not run")
        assert str(caught.value) == (
            "cannot save: this is no regular file, but a pipe or a device\n"
            "  Give the path of a file, such as 'model.h5'."
        )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no file that is open")
def test_what_a_dead_process_left_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "a.h5"
    left = tmp_path / ".a.h5.0123456789ab.tmp"
    others = [tmp_path / ".b.h5.0123456789ab.tmp", tmp_path / ".a.h5.mine"]
    for folder in (left, *others):
        folder.mkdir()
        (folder / "new.h5").write_text("half")
    with replacing(target) as first:
        first.write_text("first")
        with replacing(target) as second:  # as another process would
            second.write_text("second")
    assert target.read_text() == "first"
    assert sorted(tmp_path.iterdir()) == sorted([*others, target])


# For each line that it reads, it starts a process that saves until it is killed.
_STARTER = """
import os, sys, torch
from kplug import Sequential, layers

torch.set_num_threads(1)  # a forked process cannot use the threads of its parent

def save_forever(model, path, number):
    while True:
        number += 1
        with torch.no_grad():
            for weight in model.weights:
                weight.fill_(number)
        model.save(path)

model = Sequential([layers.Dense(600, input_dim=600), layers.Dense(1)])
model.compile("adam", "mse")
for path in sys.argv[1:]:
    model.save(path)
print("ready", flush=True)
for line in sys.stdin:
    path, number = line.split()
    child = os.fork()
    if not child:
        save_forever(model, path, int(number))
    print(child, flush=True)
    os.waitpid(child, 0)
"""


@pytest.mark.slow
def test_killed_saves_leave_a_whole_file(tmp_path: Path) -> None:
    paths = [tmp_path / "m.keras", tmp_path / "m.h5"]
    for path in paths:
        path.touch()
    generator, seen = random.Random(0), set()
    command = [sys.executable, "-c", _STARTER, *map(str, paths)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for attempt in range(30):
            path = paths[attempt % 2]
            before, end = path.stat().st_ino, time.monotonic() + 300
            process.stdin.write(f"{path} {attempt * 1000}\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            while attempt % 3 and path.stat().st_ino == before:  # the others die sooner
                assert time.monotonic() < end
                time.sleep(0.001)
            time.sleep(generator.uniform(0, 0.2))
            os.kill(child, signal.SIGKILL)
            seen.add(read_whole(path))
        process.stdin.close()
    assert len(seen) >= 20  # files were replaced, not only left alone
    for path in paths:
        load_model(path).save(path)
    assert sorted(tmp_path.iterdir()) == sorted(paths)  # of 30 killed processes


def read_whole(path: Path) -> float:
    """Return the number that all weights of a file have, and assert that they have one."""
    weights = load_model(path).get_weights()
    number = float(weights[-1][0])
    if number:  # the first save has an initializer's values
        for weight in weights:
            np.testing.assert_array_equal(weight, np.full_like(weight, number))
    return number
