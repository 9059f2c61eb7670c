"""Files that do not fit or cannot be trusted: the exact message, and the model as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kplug.errors import WeightsError
from kplug.saving import load_weights, save_weights
from tests.saving.weight_refusals import ANYWAY, DENSE, assert_refused

Make = Callable[..., Any]


DAMAGED = "\n  Copy or download the file again; what it was saved from may still be there."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "this is not an HDF5 file, but an empty file"),
        (
            b"PK\x03\x04....",
            "this is not an HDF5 file, but a zip archive (a `.keras` file under another name, or one of "
            "torch?)",
        ),
        (
            b"version https://git-lfs",
            "this is not an HDF5 file, but a text file (a git-lfs pointer? run `git lfs pull`)",
        ),
        (b"<html>", "this is not an HDF5 file, but a text file (a web page or JSON?)"),
        (b"\x80\x02}q", "this is not an HDF5 file, but something that starts with b'\\x80\\x02}q'"),
    ],
)
def test_other_files_are_recognised(
    make_model: Make, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "a.h5").write_bytes(content)
    assert_refused(make_model(a=DENSE), tmp_path / "a.h5", message)


def test_missing_file_and_folder(make_model: Make, tmp_path: Path) -> None:
    assert_refused(
        make_model(a=DENSE),
        tmp_path / "no.h5",
        "there is no such file\n  Check the path and the working folder.",
    )
    assert_refused(
        make_model(a=DENSE),
        tmp_path,
        "this is a folder, not a file\n  Give the path of the file itself.",
    )


@pytest.mark.parametrize("fraction", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_truncated_file(make_model: Make, tmp_path: Path, fraction: float) -> None:
    path = tmp_path / "a.h5"
    save_weights(make_model(a=DENSE, b=DENSE), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * fraction)])
    with pytest.raises(WeightsError, match=r"a\.h5: the file is truncated or damaged; HDF5 says: "):
        load_weights(make_model(a=DENSE, b=DENSE), path)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_changed_byte_loads_or_is_refused(
    make_model: Make, tmp_path: Path, position: float, mask: int
) -> None:
    path, model = tmp_path / "a.h5", make_model(a=DENSE, b=DENSE)
    save_weights(model, path)
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= mask
    path.write_bytes(content)
    before = model.get_weights()
    try:
        load_weights(model, path, verify="off")
    except WeightsError:
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


def test_file_of_something_else(make_model: Make, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["temperature"] = [1.0]
    assert_refused(
        make_model(a=DENSE),
        tmp_path / "a.h5",
        "this HDF5 file holds no Keras weights: it has no 'layer_names', but 'temperature'\n"
        "  Expected is a file of `save_weights`, or a whole model saved by Keras as HDF5.",
    )


def test_layout_of_keras_3_is_named(make_model: Make, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("layers")
    assert_refused(
        make_model(a=DENSE),
        tmp_path / "a.h5",
        "the file has Keras 3's weights layout, which the extension '.h5' does not announce\n"
        "  Rename it so that it ends in '.weights.h5'.",
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "it has shape ()"),
        ([1, 2], "it holds int64"),
        ([b"\xff"], "b'\\xff' is not UTF-8"),
        (np.asarray([b"\xff"]), "b'\\xff' is not UTF-8"),
    ],
)
def test_layer_names_that_are_no_names(
    make_model: Make, tmp_path: Path, value: Any, message: str
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["layer_names"] = value
    assert_refused(
        make_model(a=DENSE),
        tmp_path / "a.h5",
        f"the attribute 'layer_names' of '/' is not a list of names: {message}",
    )


def announce(path: Path, weight: str = "kernel") -> h5py.File:
    """Return an open file that announces one layer 'a' with one weight and does not hold it."""
    file = h5py.File(path, "w")
    file.attrs["layer_names"] = np.asarray([b"a"])
    file.create_group("a").attrs["weight_names"] = np.asarray([weight.encode()])
    return file


def missing(file: h5py.File) -> None:
    pass


def soft(file: h5py.File) -> None:
    file["a/kernel"] = h5py.SoftLink("/elsewhere")


def external(file: h5py.File) -> None:
    file["a/kernel"] = h5py.ExternalLink("/etc/passwd", "/x")


def outside(file: h5py.File) -> None:
    file["a"].create_dataset("kernel", (3, 4), "f4", external=[("/etc/passwd", 0, 48)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3, 4))
    file["a"].create_virtual_dataset("kernel", layout)


def text(file: h5py.File) -> None:
    file["a/kernel"] = "os.system('true')"


def group(file: h5py.File) -> None:
    file.create_group("a/kernel")


def huge_chunks(file: h5py.File) -> None:
    file["a"].create_dataset(
        "kernel", (3, 4), "f4", chunks=(1 << 14, 1 << 14), maxshape=(None, None), compression=9
    )


def never_written(file: h5py.File) -> None:
    file["a"].create_dataset("kernel", (3, 4), "f4")


def wide(file: h5py.File) -> None:
    file["a"].create_dataset("kernel", data=np.ones((3, 4), np.longdouble))


def imaginary(file: h5py.File) -> None:
    file["a"].create_dataset("kernel", data=np.ones((3, 4), np.complex64))


def foreign_filter(file: h5py.File) -> None:
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((3, 4))
    creation.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((3, 4))
    h5py.h5d.create(file["a"].id, b"kernel", h5py.h5t.IEEE_F32LE, space, creation)


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (missing, "the file announces '/a/kernel' but does not hold it" + DAMAGED),
        (
            soft,
            "refused to follow the SoftLink '/a/kernel': links that leave their group can point "
            "outside the file",
        ),
        (
            external,
            "refused to follow the ExternalLink '/a/kernel': links that leave their group can "
            "point outside the file",
        ),
        (outside, "refused to read the dataset '/a/kernel': its data lie in another file"),
        (
            virtual,
            "refused to read the dataset '/a/kernel': it is virtual, its data lie in other files",
        ),
        (text, "refused to read the dataset '/a/kernel': it holds object, not numbers"),
        (
            wide,
            f"refused to read the dataset '/a/kernel': it holds {np.dtype(np.longdouble)}, which is "
            "wider than any weight",
        ),
        (imaginary, "refused to read the dataset '/a/kernel': it holds complex64, not numbers"),
        (group, "'/a/kernel' in the file is a group, not a dataset"),
        (never_written, "refused to read the dataset '/a/kernel': its data were never written"),
        (
            foreign_filter,
            "refused to read the dataset '/a/kernel': it needs the HDF5 filter 32015, which is "
            "not built in",
        ),
        (
            huge_chunks,
            "refused to read the dataset '/a/kernel': its chunks (16384, 16384) are larger than "
            "its shape (3, 4)",
        ),
    ],
)
def test_dataset_that_cannot_be_trusted(
    make_model: Make, tmp_path: Path, fill: Callable[[h5py.File], None], message: str
) -> None:
    with announce(tmp_path / "a.h5") as file:
        fill(file)
    model = make_model(a={"kernel": (3, 4)})
    assert_refused(model, tmp_path / "a.h5", message)
    assert_refused(model, tmp_path / "a.h5", message, by_name=True, skip_mismatch=True)


def test_huge_declared_shape_takes_no_memory(make_model: Make, tmp_path: Path) -> None:
    with announce(tmp_path / "a.h5") as file:
        file["a"].create_dataset("kernel", (1 << 40, 1 << 20), "f4", chunks=(16, 16))
        file["a/kernel"][0, 0] = 1
    assert_refused(
        make_model(a={"kernel": (3, 4)}),
        tmp_path / "a.h5",
        "layer 'a': weight 'a/kernel:0' has shape (3, 4), the file's '/a/kernel' has shape "
        "(1099511627776, 1048576)" + ANYWAY,
    )


@pytest.mark.parametrize("name", ["/etc/x", "../b/kernel", "a//b", ""])
def test_weight_name_that_leaves_its_group(make_model: Make, tmp_path: Path, name: str) -> None:
    announce(tmp_path / "a.h5", name).close()
    assert_refused(
        make_model(a={"kernel": (3, 4)}),
        tmp_path / "a.h5",
        f"{name!r} is not a name that a layer or weight can have",
    )


def test_million_attributes_cost_no_time(make_model: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs["layer_names"] = np.zeros(2_000_000, dtype="S1")
    assert_refused(
        make_model(a=DENSE),
        path,
        "the attribute 'layer_names' of '/' is not a list of names: it declares 2000000 names",
    )


def test_overwrite_false_keeps_the_file(make_model: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"old")
    with pytest.raises(WeightsError) as caught:
        save_weights(make_model(a=DENSE), path, overwrite=False)
    assert str(caught.value) == (
        f"{path}: cannot save: the file exists and overwrite=False\n"
        "  Pass overwrite=True to replace it, or choose another path."
    )
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]
