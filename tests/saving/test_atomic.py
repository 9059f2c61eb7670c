"""A file is the old one or the new one, whatever happens in between."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kplug.errors import WeightsError
from kplug.saving.atomic import replacing


def test_new_content_replaces_the_old(tmp_path: Path) -> None:
    target = tmp_path / "a.h5"
    target.write_text("old")
    target.chmod(0o640)
    with replacing(target) as temporary:
        assert temporary.parent == tmp_path
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
    with pytest.raises(OSError, match="no space"), replacing(tmp_path / "a.h5") as temporary:
        temporary.write_text("new")
    assert [file.name for file in tmp_path.iterdir()] == []


def test_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "a.h5", tmp_path / "link.h5"
    real.write_text("old")
    link.symlink_to(real)
    with replacing(link) as temporary:
        assert temporary.parent == real.parent
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


_SAVE_FOREVER = """
import sys, torch
from torch import nn
from kplug.saving import save_weights

class Layer(nn.Linear):
    name = "dense"
    weights = property(lambda self: [self.weight, self.bias])

class Model(nn.Module):
    name = "m"
    layers = property(lambda self: [self.layer])

model = Model()
model.layer = Layer(600, 600)
number = 0
while True:
    with torch.no_grad():
        for weight in model.layer.weights:
            weight.fill_(number)
    save_weights(model, sys.argv[1])
    if number == 0:
        print("ready", flush=True)
    number += 1
"""


@pytest.mark.slow
def test_killed_saves_leave_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    generator = random.Random(0)
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", _SAVE_FOREVER, str(path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(generator.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
        assert_whole(path)


def assert_whole(path: Path) -> None:
    """Assert that both weights come from one and the same save."""
    with h5py.File(path) as file:
        kernel: Any = file["dense/dense/weight:0"][()]
        bias: Any = file["dense/dense/bias:0"][()]
    np.testing.assert_array_equal(kernel, np.full((600, 600), kernel[0, 0]))
    np.testing.assert_array_equal(bias, np.full(600, kernel[0, 0]))
