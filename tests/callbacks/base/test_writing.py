"""Callbacks that write where the system does not let them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kplug import callbacks as kc
from kplug.errors import FileWriteError
from tests.saving.whole_files import make

HINT = "\n  Check that the folder exists, its permissions and the free space."


@pytest.mark.parametrize(
    ("make_callback", "owner", "path"),
    [
        (lambda place: kc.CSVLogger(place / "log.csv"), "CSVLogger", "log.csv"),
        (lambda place: kc.ModelCheckpoint(place / "a" / "m.keras"), "ModelCheckpoint", "a"),
        (lambda place: kc.BackupAndRestore(place / "b"), "BackupAndRestore", "b"),
        (lambda place: kc.TensorBoard(place / "c"), "TensorBoard", "c"),
    ],
)
def test_folder_that_cannot_be_written(
    tmp_path: Path, make_callback: Callable[[Path], kc.Callback], owner: str, path: str
) -> None:
    place = tmp_path / "file"  # root may write into any folder, but not into a file
    place.touch()
    if owner == "TensorBoard":
        pytest.importorskip("tensorboard")
    with pytest.raises(FileWriteError) as caught:
        make().fit([[0.0, 0.0]], [[0.0]], callbacks=[make_callback(place)], verbose=0)
    assert (
        str(caught.value)
        == f"{owner}: {str(place / path)!r} cannot be written: Not a directory{HINT}"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_log_on_a_full_disk() -> None:
    logger = kc.CSVLogger("/dev/full")
    with pytest.raises(FileWriteError) as caught:
        make().fit([[0.0, 0.0]], [[0.0]], callbacks=[logger], verbose=0)
    assert str(caught.value) == (
        f"CSVLogger: '/dev/full' cannot be written: No space left on device{HINT}"
    )
    with pytest.raises(FileWriteError):
        logger.on_train_end()
