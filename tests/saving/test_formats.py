"""The format that an extension means, for weights and for whole models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kplug import load_model
from kplug.errors import ArgumentValueError, WeightsError
from kplug.saving.formats import (
    Format,
    choose_format_to_load,
    choose_weights_format,
    choose_whole_format,
    find_format,
    naming_file,
)
from tests.saving.whole_files import make


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.h5", Format.KERAS2),
        ("a.HDF5", Format.KERAS2),
        ("a.weights.h5", Format.KERAS3),
        ("a.b.Weights.H5", Format.KERAS3),
        ("a.keras", Format.ARCHIVE),
        ("a.safetensors", Format.SAFETENSORS),
        ("a.h5.pt", None),
        ("a", None),
    ],
)
def test_extension_means_a_format(name: str, expected: Format | None) -> None:
    assert find_format(Path("folder.keras", name)) is expected


def test_weights_and_whole_models_share_one_extension() -> None:
    path = Path("a.h5")
    assert choose_weights_format(path) is Format.KERAS2
    assert choose_whole_format(path) is Format.KERAS2
    assert choose_format_to_load(Path("a.keras")) is Format.ARCHIVE


def test_whole_model_is_no_place_for_weights_alone() -> None:
    message = "the extension '.keras' means a whole model, and only weights were to be saved"
    with pytest.raises(WeightsError, match=re.escape(message)):
        choose_weights_format(Path("a.keras"))


@pytest.mark.parametrize("extension", [".weights.h5", ".safetensors"])
def test_file_of_weights_is_no_place_for_a_whole_model(extension: str) -> None:
    message = f"the extension {extension!r} means weights alone, not a whole model"
    with pytest.raises(WeightsError, match=re.escape(message)):
        choose_whole_format(Path(f"a{extension}"))


@pytest.mark.parametrize(
    "choose", [choose_weights_format, choose_format_to_load, choose_whole_format]
)
def test_other_paths_are_refused(choose: object) -> None:
    assert callable(choose)
    with pytest.raises(WeightsError, match=re.escape("the extension '.pt' names no format")):
        choose(Path("a.pt"))
    with pytest.raises(WeightsError, match="the path has no extension"):
        choose(Path("a"))


def test_errors_of_a_block_begin_with_the_path() -> None:
    with pytest.raises(WeightsError, match=r"^a\.h5: it is cut off$"), naming_file(Path("a.h5")):
        raise WeightsError("it is cut off")
    with (
        pytest.raises(WeightsError, match=r"^inner: it is cut off$") as caught,
        naming_file(Path("a.h5")),
    ):
        raise WeightsError("it is cut off", where="inner") from KeyError("cause")
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("given", [5, None, b"m.keras"])
def test_paths_that_are_none(given: Any) -> None:
    model = make()
    methods = ("save", "save_weights", "load_weights", "save_state", "load_state")
    for name, call in [(name, getattr(model, name)) for name in methods] + [
        ("load_model", load_model)
    ]:
        with pytest.raises(ArgumentValueError) as caught:
            call(given)
        argument = "path" if name == "load_model" else "filepath"
        assert str(caught.value) == (
            f"{name}: argument {argument!r} is {given!r}; allowed: the path of a file, as text or "
            "pathlib.Path"
        )
