"""Datasets of the images or texts in a folder, read batch by batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from kplug import backend as K, ops
from kplug.components.arguments import require_choice, require_integer, require_size
from kplug.errors import ArgumentError
from kplug.utils import img_to_array, load_img
from kplug_preprocessing.dataset_steps import DatasetSteps
from kplug_preprocessing.labelled_files import FolderArguments, LabelledFiles

_PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_COLOR_MODES = ("grayscale", "rgb", "rgba")
_METHODS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


class FolderLoader(DataLoader[Any], DatasetSteps):
    """A loader of a folder's files for ``fit``, ``evaluate`` and ``predict``.

    It has the methods of TensorFlow's datasets: ``map``, ``take``, ``prefetch`` and the like.

    Attributes:
        class_names: The names of the classes in order, or None.
        file_paths: The files.
    """

    def __init__(
        self,
        files: LabelledFiles,
        read: Callable[[str], Any],
        label_mode: str | None,
        batch_size: int | None,
        shuffle: bool,
        seed: int | None,
    ) -> None:
        super().__init__(
            _Files(files, read, label_mode),
            batch_size=batch_size,
            shuffle=shuffle,
            generator=None if seed is None else torch.Generator().manual_seed(seed),
            collate_fn=_join if batch_size is not None else _keep,
        )
        self.class_names, self.file_paths = files.class_names, files.paths


class _Files(Dataset[Any]):
    """A dataset with one sample per file."""

    def __init__(
        self, files: LabelledFiles, read: Callable[[str], Any], label_mode: str | None
    ) -> None:
        self._paths, self._read = files.paths, read
        count = len(files.class_names or ())
        self._labels = _write_labels(files.labels, label_mode, count)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Any:
        sample = self._read(self._paths[index])
        return sample if self._labels is None else (sample, self._labels[index])


def _write_labels(labels: list[int] | None, mode: str | None, classes: int) -> Any:
    if labels is None or mode is None:
        return None
    numbers = torch.tensor(labels)
    if mode == "categorical":
        return torch.nn.functional.one_hot(numbers, classes).float()
    return numbers.to(torch.int32) if mode == "int" else numbers.float()[:, None]


def _join(samples: list[Any]) -> Any:
    if isinstance(samples[0], tuple):
        inputs, labels = zip(*samples, strict=True)
        return _join(list(inputs)), torch.stack(labels)
    return np.array(samples, dtype=object) if isinstance(samples[0], str) else torch.stack(samples)


def _keep(sample: Any) -> Any:
    return sample


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    verbose: bool = True,
) -> Any:
    """Return the pictures in a folder, in batches.

    Args:
        directory: The folder; with inferred labels it has a folder for each class.
        labels: ``"inferred"`` from the folders' names; a number for each file in the order of the paths; or
            ``None``.
        label_mode: ``"int"`` for numbers, ``"categorical"`` for one-hot vectors, ``"binary"`` for 0.0 and
            1.0, or ``None`` for pictures alone.
        class_names: The folders in your own order; ``None`` sorts them alphabetically.
        color_mode: ``"rgb"``, ``"rgba"`` or ``"grayscale"``.
        batch_size: Pictures in a batch; ``None`` for single ones.
        image_size: The (height, width) to resize to; one number for both.
        shuffle: Whether to shuffle, anew for each pass.
        seed: The seed of the orders; ``None`` draws it.
        validation_split: The share for validation.
        subset: ``"training"``, ``"validation"``, or ``"both"`` for a list of the two.
        interpolation: ``"bilinear"``, ``"nearest"``, ``"bicubic"``, ``"lanczos3"`` or ``"lanczos5"``.
        follow_links: Whether to follow links to folders.
        crop_to_aspect_ratio: Whether to crop around the centre to the target's aspect ratio.
        pad_to_aspect_ratio: Whether to pad pictures to the target's aspect ratio.
        data_format: ``"channels_last"`` or ``"channels_first"``; ``None`` is ``K``'s.
        verbose: Whether to print the number of files and classes.

    Returns:
        A ``DataLoader`` of ``pictures`` or ``(pictures, labels)``, with ``class_names``, ``file_paths``
        and ``map``, ``take`` and the like; pictures are float32 from 0 to 255,
        of shape (batch, height, width, channels).

    Raises:
        ArgumentValueError: A value is out of range.
        ArgumentError: Arguments exclude one another.
        DataError: There are no files, or they do not match the labels.
        MissingLibraryError: Pillow is not installed (``pip install "kplug[images]"``).

    Example:
        >>> import tempfile
        >>> from kplug.utils import save_img
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("cat", "dog"):
        ...     (folder / name).mkdir()
        ...     save_img(folder / name / "a.png", np.zeros((4, 6, 3)))
        >>> loader = image_dataset_from_directory(folder, image_size=8, verbose=False, shuffle=False)
        >>> pictures, labels = next(iter(loader))
        >>> pictures.shape, labels.tolist(), loader.class_names
        (torch.Size([2, 8, 8, 3]), [0, 1], ['cat', 'dog'])

    Reference:
        ``keras.utils.image_dataset_from_directory``, which returns a dataset of TensorFlow or Grain.
    """
    owner = "image_dataset_from_directory"
    split = (shuffle, seed, validation_split, subset, follow_links)
    given = FolderArguments(owner, directory, labels, label_mode, class_names, *split)
    require_choice(owner, "color_mode", color_mode, _COLOR_MODES)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError(
            f"{owner}: crop_to_aspect_ratio and pad_to_aspect_ratio exclude one another"
        )
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    read = partial(
        _read_picture,
        color_mode=color_mode,
        size=require_size(owner, "image_size", size),
        interpolation=require_choice(owner, "interpolation", interpolation.lower(), _METHODS),
        crop_to_aspect_ratio=crop_to_aspect_ratio,
        pad_to_aspect_ratio=pad_to_aspect_ratio,
        data_format=K.standardize_data_format(data_format, owner),
    )
    return _load(given, _PICTURES, read, batch_size, verbose)


def text_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """Return the texts in a folder, in batches.

    Args:
        directory: The folder; with inferred labels it has a folder for each class.
        labels: ``"inferred"`` from the folders' names; a number for each file in the order of the paths; or
            ``None``.
        label_mode: ``"int"`` for numbers, ``"categorical"`` for one-hot vectors, ``"binary"`` for 0.0 and
            1.0, or ``None`` for texts alone.
        class_names: The folders in your own order; ``None`` sorts them alphabetically.
        batch_size: Texts in a batch; ``None`` for single ones.
        max_length: The number of characters to truncate texts to; ``None`` keeps all.
        shuffle: Whether to shuffle, anew for each pass.
        seed: The seed of the orders; ``None`` draws it.
        validation_split: The share for validation.
        subset: ``"training"``, ``"validation"``, or ``"both"`` for a list of the two.
        follow_links: Whether to follow links to folders.
        verbose: Whether to print the number of files and classes.

    Returns:
        A ``DataLoader`` of ``texts`` or ``(texts, labels)``, with ``class_names``, ``file_paths``
        and ``map``, ``take`` and the like; texts are an array of strings, of shape (batch,).

    Raises:
        ArgumentValueError: A value is out of range.
        ArgumentError: Arguments exclude one another.
        DataError: There are no files, or they do not match the labels.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("bad", "good"):
        ...     (folder / name).mkdir()
        ...     _ = (folder / name / "a.txt").write_text(f"a {name} film")
        >>> loader = text_dataset_from_directory(folder, verbose=False, shuffle=False)
        >>> next(iter(loader))
        (array(['a bad film', 'a good film'], dtype=object), tensor([0, 1], dtype=torch.int32))

    Reference:
        ``keras.utils.text_dataset_from_directory``, which returns a dataset of TensorFlow or Grain.
    """
    owner = "text_dataset_from_directory"
    split = (shuffle, seed, validation_split, subset, follow_links)
    given = FolderArguments(owner, directory, labels, label_mode, class_names, *split)
    if max_length is not None:
        require_integer(owner, "max_length", max_length, "an integer >= 1, or None", at_least=1)
    return _load(given, (".txt",), partial(_read_text, max_length=max_length), batch_size, verbose)


def _load(
    given: FolderArguments,
    extensions: tuple[str, ...],
    read: Callable[[str], Any],
    batch_size: int | None,
    verbose: bool,
) -> Any:
    if batch_size is not None:
        require_integer(
            given.owner, "batch_size", batch_size, "an integer >= 1, or None", at_least=1
        )
    parts = given.find_files(extensions)
    if verbose:
        counts = " and ".join(str(len(part.paths)) for part in parts)
        classes = parts[0].class_names
        print(f"Found {counts} files" + (f" of {len(classes)} classes." if classes else "."))  # noqa: T201
    orders = [given.shuffle, False]  # the validation part keeps one order
    if given.subset == "validation":
        orders = [False]
    loaders = [
        FolderLoader(part, read, given.mode, batch_size, shuffle, given.seed)
        for part, shuffle in zip(parts, orders, strict=False)
    ]
    return loaders if given.subset == "both" else loaders[0]


def _read_picture(
    path: str, color_mode: str, size: tuple[int, int], data_format: str, **options: Any
) -> Any:
    image = load_img(path, color_mode)
    array = np.ascontiguousarray(img_to_array(image, data_format, "float32"))
    picture = torch.from_numpy(array)
    if (image.height, image.width) == size:
        return picture
    return ops.image.resize(picture, size, data_format=data_format, **options)


def _read_text(path: str, max_length: int | None) -> str:
    return Path(path).read_text(encoding="utf-8")[:max_length]
