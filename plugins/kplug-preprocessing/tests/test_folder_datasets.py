"""Files of a folder in batches: which, in Keras's order, with Keras's labels and pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from keras.src.utils.dataset_utils import get_training_or_validation_split, index_directory
from keras.src.utils.image_dataset_utils import _load_image_grain
from kplug_preprocessing import (
    image_dataset_from_directory,
    text_dataset_from_directory,
)
from torch.overrides import TorchFunctionMode

import kplug
from kplug.errors import ArgumentError, ArgumentValueError, DataError
from kplug.layers import Dense, Flatten
from kplug.utils import save_img


class _Names(TorchFunctionMode):
    """Notes the names of the functions of torch that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.found.add(func.__name__)
        return func(*args, **(kwargs or {}))


QUIET: dict[str, Any] = {"verbose": False, "image_size": (6, 8)}
EXTENSIONS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    for name, count in (("b", 4), ("a", 5), ("c", 2)):
        (folder / name / "deeper").mkdir(parents=True)
        for number in range(count):
            place = folder / name / ("deeper" if number == 1 else "") / f"{number}.png"
            save_img(place, generator.integers(0, 256, (7 + number, 9, 3)).astype("float32"))
    (folder / "a" / "notes.txt").write_text("no picture")
    (folder / ".hidden").mkdir()
    return folder


@pytest.mark.parametrize("class_names", [None, ["c", "a"]], ids=str)
@pytest.mark.parametrize("seed", [None, 0, 5])
def test_files_and_labels_are_those_of_keras(pictures: Path, seed: Any, class_names: Any) -> None:
    shuffle = seed is not None
    paths, labels, names = index_directory(
        str(pictures), "inferred", EXTENSIONS, class_names, shuffle, seed, verbose=False
    )
    for subset in ("training", "validation"):
        part: dict[str, Any] = {
            "class_names": class_names,
            "validation_split": 0.3,
            "subset": subset,
            **QUIET,
        }
        loader = image_dataset_from_directory(pictures, seed=seed, shuffle=shuffle, **part)
        expected_paths, expected = get_training_or_validation_split(paths, labels, 0.3, subset)
        assert loader.file_paths == expected_paths
        assert loader.class_names == names
        if not shuffle or subset == "validation":
            assert torch.cat([y for _, y in loader]).tolist() == list(expected)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"interpolation": "nearest"},
        {"interpolation": "bicubic"},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True},
        {"data_format": "channels_first"},
    ],
    ids=str,
)
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_pixels_are_those_of_keras(pictures: Path, color_mode: str, options: Any) -> None:
    given = {**QUIET, **options}
    loader = image_dataset_from_directory(pictures, shuffle=False, color_mode=color_mode, **given)
    (found, _), *_ = loader
    channels = {"rgb": 3, "rgba": 4, "grayscale": 1}[color_mode]
    settings = {"interpolation": "bilinear", "data_format": "channels_last", **options}
    expected = [_load_image_grain(each, (6, 8), channels, **settings) for each in loader.file_paths]
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, torch.stack(expected).cpu(), atol=1e-3, rtol=1e-5)


def test_labels_are_written_in_the_mode_asked_for(pictures: Path) -> None:
    options = {**QUIET, "shuffle": False, "batch_size": 20}
    (_, numbers), *_ = image_dataset_from_directory(pictures, **options)
    assert numbers.dtype == torch.int32
    assert numbers.tolist() == [0] * 5 + [1] * 4 + [2] * 2
    (_, rows), *_ = image_dataset_from_directory(pictures, label_mode="categorical", **options)
    assert torch.equal(rows, torch.eye(3)[numbers.long()])
    (_, column), *_ = image_dataset_from_directory(
        pictures, label_mode="binary", class_names=["a", "b"], **options
    )
    assert column.tolist() == [[0.0]] * 5 + [[1.0]] * 4
    (alone,) = image_dataset_from_directory(pictures, label_mode=None, **options)
    assert alone.shape == (11, 6, 8, 3)
    (_, own), *_ = image_dataset_from_directory(pictures, labels=list(range(11)), **options)
    assert own.tolist() == list(range(11))


def test_both_parts_come_at_once_and_share_no_file(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training, validation = image_dataset_from_directory(
        pictures, validation_split=0.3, subset="both", seed=1, image_size=4
    )
    assert len(training.file_paths) == 8
    assert not set(training.file_paths) & set(validation.file_paths)
    assert capsys.readouterr().out == "Found 8 and 3 files of 3 classes.\n"


def test_each_pass_has_an_order_of_its_own_that_a_seed_repeats(pictures: Path) -> None:
    def orders(seed: int) -> list[list[int]]:
        loader = image_dataset_from_directory(pictures, seed=seed, batch_size=3, **QUIET)
        return [torch.cat([y for _, y in loader]).tolist() for _ in range(3)]

    first = orders(1)
    assert first == orders(1)
    assert len({tuple(each) for each in first}) > 1


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_picture_of_the_size_is_not_resized(tmp_path: Path, data_format: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype("uint8")
    (tmp_path / "a").mkdir()
    save_img(tmp_path / "a" / "0.png", pixels, scale=False)
    loader = image_dataset_from_directory(tmp_path, data_format=data_format, **QUIET)
    with _Names() as called:
        ((pictures, _),) = loader
    assert "interpolate" not in called.found
    is_last = data_format == "channels_last"
    expected = pixels if is_last else pixels.transpose(2, 0, 1)
    np.testing.assert_array_equal(pictures[0].numpy(), expected)
    with _Names() as called:
        _ = list(image_dataset_from_directory(tmp_path, verbose=False, image_size=(6, 4)))
    assert "interpolate" in called.found


def test_a_model_is_trained_on_a_folder(pictures: Path) -> None:
    loader = image_dataset_from_directory(pictures, **QUIET, batch_size=4)
    model = kplug.Sequential([Flatten(), Dense(3, "softmax")])
    model.compile("sgd(lr=1e-4)", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(loader, epochs=2, validation_data=loader, verbose=0).history
    assert history.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert model.predict(loader, verbose=0).shape == (11, 3)


def test_single_samples_have_no_axis_of_the_batch(pictures: Path) -> None:
    x, y = next(iter(image_dataset_from_directory(pictures, batch_size=None, **QUIET)))
    assert x.shape == (6, 8, 3)
    assert y.shape == ()


def test_texts_are_cut_and_stay_texts(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        for number in range(2):
            (tmp_path / name / f"{number}.txt").write_text(f"{name} {number} ü", encoding="utf-8")
    loader = text_dataset_from_directory(tmp_path, shuffle=False, verbose=False)
    (texts, labels), *_ = loader
    assert texts.tolist() == ["bad 0 ü", "bad 1 ü", "good 0 ü", "good 1 ü"]
    assert labels.tolist() == [0, 0, 1, 1]
    (cut,) = text_dataset_from_directory(
        tmp_path, labels=None, max_length=3, shuffle=False, verbose=False
    )
    assert cut.tolist() == ["bad", "bad", "goo", "goo"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"label_mode": "x"},
            "argument 'label_mode' is 'x'; allowed: 'int', 'categorical', 'binary' or None",
        ),
        (
            {"labels": "x"},
            "argument 'labels' is 'x'; allowed: 'inferred', a list with a number for each",
        ),
        (
            {"color_mode": "x"},
            "argument 'color_mode' is 'x'; allowed: 'grayscale', 'rgb' or 'rgba'",
        ),
        ({"batch_size": 0}, "argument 'batch_size' is 0; allowed: an integer >= 1, or None"),
        ({"image_size": (1, 2, 3)}, "argument 'image_size' is (1, 2, 3)"),
        ({"interpolation": "x"}, "argument 'interpolation' is 'x'"),
        (
            {"validation_split": 1.5, "subset": "both"},
            "argument 'validation_split' is 1.5; allowed: in (0, 1)",
        ),
        ({"validation_split": 0.5, "subset": "x", "seed": 0}, "argument 'subset' is 'x'"),
    ],
    ids=str,
)
def test_wrong_values_are_named(pictures: Path, arguments: Any, text: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        image_dataset_from_directory(pictures, **{**QUIET, **arguments})
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"validation_split": 0.5, "seed": 0},
            "validation_split is 0.5, and subset None\n  Give both, or neither.",
        ),
        (
            {"validation_split": 0.5, "subset": "training"},
            "have files in common without a seed\n  Give a seed",
        ),
        ({"labels": None, "class_names": ["a"]}, "class_names belong to labels='inferred'"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "exclude one another"),
    ],
    ids=str,
)
def test_arguments_that_exclude_one_another_are_refused(
    pictures: Path, arguments: Any, text: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        image_dataset_from_directory(pictures, **QUIET, **arguments)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"labels": [0, 1]}, "2 labels for 11 files in"),
        ({"class_names": ["a", "z"]}, "has no folder 'z'; its folders are a, b, c"),
        (
            {"label_mode": "binary"},
            "label_mode='binary' needs two classes, and these are ['a', 'b', 'c']",
        ),
        ({"directory": "nowhere"}, "'nowhere' is no folder"),
        ({"class_names": []}, "has too few files: 0 that end in .bmp, .gif, .jpeg, .jpg, .png"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 0}, "has too few files: 11"),
    ],
    ids=str,
)
def test_what_a_folder_lacks_is_named(pictures: Path, arguments: Any, text: str) -> None:
    with pytest.raises(DataError) as caught:
        image_dataset_from_directory(**{"directory": pictures, **QUIET, **arguments})
    assert text in str(caught.value)
