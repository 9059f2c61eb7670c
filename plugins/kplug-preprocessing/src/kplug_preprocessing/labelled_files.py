"""Lists, labels, shuffles and splits the files of a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kplug.components.arguments import require_choice, require_number, require_path
from kplug.errors import ArgumentError, ArgumentValueError, DataError

_LABEL_MODES = ("int", "categorical", "binary", None)
_SUBSETS = ("training", "validation", "both", None)
_LARGEST_SEED = 1_000_000


@dataclass(frozen=True)
class LabelledFiles:
    """Files in an order.

    Attributes:
        paths: Their paths.
        labels: A class number for each, or None.
        class_names: The names of the classes in order, or None.
    """

    paths: list[str]
    labels: list[int] | None
    class_names: list[str] | None

    def shuffle(self, seed: int) -> LabelledFiles:
        """Shuffle the files in Keras's order for a seed."""
        order = np.arange(len(self.paths))
        np.random.RandomState(seed).shuffle(order)
        return self._pick(order.tolist())

    def split(self, share: float) -> tuple[LabelledFiles, LabelledFiles]:
        """Split the files into training and validation parts, the latter from the end."""
        last = int(share * len(self.paths))
        places = list(range(len(self.paths)))
        first = len(places) - last
        return self._pick(places[:first]), self._pick(places[first:])

    def _pick(self, places: list[int]) -> LabelledFiles:
        labels = None if self.labels is None else [self.labels[place] for place in places]
        return LabelledFiles([self.paths[place] for place in places], labels, self.class_names)


@dataclass(frozen=True)
class FolderArguments:
    """The arguments of a dataset from a folder, checked.

    Attributes:
        owner: The name of the function.
        directory: The folder.
        labels: ``"inferred"``, a number for each file, or None.
        label_mode: The encoding of labels.
        class_names: The classes in the user's order, or None.
        shuffle: Whether to shuffle the files.
        seed: The seed of the order.
        validation_split: The share for validation, or None.
        subset: The requested part.
        follow_links: Whether to follow links to folders.
    """

    owner: str
    directory: str | os.PathLike[str]
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool

    def __post_init__(self) -> None:
        if self.label_mode not in _LABEL_MODES:
            allowed = "'int', 'categorical', 'binary' or None"
            raise ArgumentValueError(self.owner, "label_mode", self.label_mode, allowed)
        if self.labels not in ("inferred", None) and not isinstance(self.labels, (list, tuple)):
            allowed = "'inferred', a list with a number for each file, or None"
            raise ArgumentValueError(self.owner, "labels", self.labels, allowed)
        if self.class_names is not None and self.labels != "inferred":
            raise ArgumentError(f"{self.owner}: class_names belong to labels='inferred'")
        self._check_split()

    def _check_split(self) -> None:
        if self.subset not in _SUBSETS:
            require_choice(self.owner, "subset", self.subset, ("training", "validation", "both"))
        if self.validation_split is not None:
            share = self.validation_split
            require_number(self.owner, "validation_split", share, "in (0, 1)", above=0, below=1)
        if (self.validation_split is None) != (self.subset is None):
            raise ArgumentError(
                f"{self.owner}: validation_split is {self.validation_split}, and subset {self.subset!r}",
                hint="Give both, or neither.",
            )
        if self.validation_split is not None and self.shuffle and self.seed is None:
            raise ArgumentError(
                f"{self.owner}: parts of an order that is drawn have files in common without a seed",
                hint="Give a seed, the same for both parts; or shuffle=False.",
            )

    @property
    def mode(self) -> str | None:
        """The encoding of labels; None if there are none."""
        return None if self.labels is None else self.label_mode

    def find_files(self, extensions: tuple[str, ...]) -> list[LabelledFiles]:
        """Return the files of each requested part.

        Raises:
            DataError: There are none, or they do not match the labels or class names.
        """
        files = self._list(extensions)
        if self.mode == "binary" and len(files.class_names or ()) != 2:
            raise DataError(
                f"{self.owner}: label_mode='binary' needs two classes, and these are {files.class_names}"
            )
        if self.shuffle:
            seed = np.random.randint(_LARGEST_SEED) if self.seed is None else self.seed
            files = files.shuffle(seed)
        parts = self._choose_parts(files)
        if not all(part.paths for part in parts):
            raise DataError(
                f"{self.owner}: {self.directory} has too few files: {len(files.paths)} that end in "
                f"{', '.join(extensions)}"
            )
        return parts

    def _choose_parts(self, files: LabelledFiles) -> list[LabelledFiles]:
        if self.validation_split is None:
            return [files]
        training, validation = files.split(self.validation_split)
        parts = {"training": [training], "validation": [validation], "both": [training, validation]}
        return parts[str(self.subset)]

    def _list(self, extensions: tuple[str, ...]) -> LabelledFiles:
        root = require_path(self.owner, "directory", self.directory, "the name of a folder")
        if not root.is_dir():
            raise DataError(f"{self.owner}: {str(root)!r} is no folder")
        if self.mode is not None and self.labels == "inferred":
            return self._infer(root, extensions)
        found = self._walk_folder(root, extensions)
        if self.mode is None:
            return LabelledFiles(found, None, None)
        if len(self.labels) != len(found):
            raise DataError(
                f"{self.owner}: {len(self.labels)} labels for {len(found)} files in {root}"
            )
        return LabelledFiles(
            found, list(self.labels), [str(one) for one in sorted(set(self.labels))]
        )

    def _infer(self, root: Path, extensions: tuple[str, ...]) -> LabelledFiles:
        folders = sorted(
            each.name for each in root.iterdir() if each.is_dir() and not each.name.startswith(".")
        )
        names = list(folders if self.class_names is None else self.class_names)
        if missing := [name for name in names if name not in folders]:
            raise DataError(
                f"{self.owner}: {root} has no folder {missing[0]!r}; its folders are {', '.join(folders)}"
            )
        found = [self._walk_folder(root / name, extensions) for name in names]
        labels = [number for number, paths in enumerate(found) for _ in paths]
        return LabelledFiles([path for paths in found for path in paths], labels, names)

    def _walk_folder(self, folder: Path, extensions: tuple[str, ...]) -> list[str]:
        walked = sorted(os.walk(folder, followlinks=self.follow_links))
        return [
            str(Path(place, name))
            for place, _, names in walked
            for name in sorted(names)
            if name.lower().endswith(extensions)
        ]
