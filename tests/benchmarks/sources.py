"""Epochs from a generator, a dataset with workers, files and pictures, beside the same data in memory.

Run it by path: ``python tests/benchmarks/sources.py --quick``; seven minutes on two idle cores. A loop by
hand, kplug and Keras on TensorFlow (with tf.data where it has the source) train the same small perceptron on
100 MB. grain, if it is installed, feeds the loop by hand. ``table.py`` says how times are taken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from cases import chain, from_logits
from table import HAND, Found, best, describe_machine, measure, print_table, show

ROWS, SHAPE, BATCH, PICTURES = 8_192, (32, 32, 3), 64, 1_024
SOURCES = {
    "arrays": "arrays in memory",
    "generator": "a generator",
    "workers": "`PyDataset`, 2 workers",
    "loader": "torch's `DataLoader`",
    "loader-workers": "`DataLoader`, 2 workers",
    "hdf5": "HDF5",
    "memmap": "memory-mapped arrays",
    "pictures": "a folder of pictures",
}
BY_NUMBER = ("arrays", "hdf5", "memmap", "pictures")  # as grain asks for samples
COLUMNS = (HAND, "kplug eager", "Keras tensorflow", "grain")
FOLDER = "BENCHMARK_DATA"


def write_data(folder: Path) -> None:
    """Write the data of all sources."""
    from PIL import Image

    chance = np.random.default_rng(0)
    x = chance.random((ROWS, *SHAPE), dtype="float32")
    y = chance.integers(0, 10, ROWS)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    with h5py.File(folder / "data.h5", "w") as file:
        file["x"], file["y"] = x, y
    for number in range(PICTURES):
        path = folder / "pictures" / f"{y[number]}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((x[number] * 255).astype("uint8")).save(path)


# -- in the process of a contender -------------------------------------------------------------


def load(name: str) -> tuple[Any, Any]:
    """Return inputs and targets: arrays in memory, memory-mapped, or datasets of HDF5."""
    folder = Path(os.environ[FOLDER])
    if name == "hdf5":
        file = h5py.File(folder / "data.h5")
        return file["x"], file["y"]
    mode: Any = "r" if name == "memmap" else None
    return np.load(folder / "x.npy", mode), np.load(folder / "y.npy", mode)


def blocks(x: Any, y: Any) -> Iterator[tuple[Any, Any]]:
    """Return batches of consecutive rows, in random order."""
    for start in np.random.permutation(range(0, ROWS, BATCH)):
        yield x[start : start + BATCH], y[start : start + BATCH]


class Pictures:
    """The pictures of the folder with their classes, by number."""

    def __init__(self) -> None:
        self.paths = sorted(Path(os.environ[FOLDER], "pictures").glob("*/*.jpg"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        from PIL import Image

        path = self.paths[index]
        return np.asarray(Image.open(path).convert("RGB"), "float32"), int(path.parent.name)


class Rows:
    """The rows of arrays with their classes, by number."""

    def __init__(self, name: str) -> None:
        self.arrays = load(name)

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.arrays[0][index], self.arrays[1][index]


def make_loader(name: str) -> Any:
    """Return torch's loader of rows, or of pictures."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    if name == "pictures":
        return DataLoader(Pictures(), BATCH, shuffle=True)  # type: ignore[arg-type]
    data, workers = TensorDataset(*map(torch.from_numpy, load(name))), 2 * (name != "loader")
    return DataLoader(
        data, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )


def read_by_hand(name: str) -> Callable[[], Iterable[Any]]:
    """Return what gives the batches of an epoch to a loop by hand."""
    import torch

    if name.startswith("loader") or name == "pictures":
        loader = make_loader(name)
        return lambda: loader
    x, y = load(name)
    if name == "arrays":
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        return lambda: ((x[rows], y[rows]) for rows in torch.randperm(ROWS).split(BATCH))
    if name == "workers":
        pool = ThreadPoolExecutor(2)
        return lambda: pool.map(
            lambda start: (x[start : start + BATCH], y[start : start + BATCH]),
            np.random.permutation(range(0, ROWS, BATCH)),
        )
    return lambda: blocks(x, y)


def read_by_grain(name: str) -> Callable[[], Iterable[Any]]:
    """Return the same of grain."""
    import grain

    rows: Any = Pictures() if name == "pictures" else Rows(name)
    data = grain.MapDataset.source(rows).seed(0).shuffle().batch(BATCH)
    return data.to_iter_dataset


def make_loop(read: Callable[[], Iterable[Any]]) -> Callable[..., object]:
    """Return the training by hand."""
    import by_hand
    import torch

    module = torch.nn.Sequential(torch.nn.Flatten(), *by_hand.mlp(int(np.prod(SHAPE)), 64, 10))
    optimizer = by_hand.adam(module)

    def fit(epochs: int, told: Callable[[], object] = lambda: None) -> None:
        for _ in range(epochs):
            total = torch.zeros(())
            for x, y in read():
                loss = by_hand.cross_entropy(module(torch.as_tensor(x)), torch.as_tensor(y))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(x)
            total.item()
            told()

    return fit


def find_arguments(library: Any, name: str) -> dict[str, Any]:
    """Return the arguments of ``fit``."""
    if name.startswith("loader"):
        return {"x": make_loader(name)}
    if name == "pictures":
        folder = Path(os.environ[FOLDER], "pictures")
        read = library.utils.image_dataset_from_directory
        return {"x": read(folder, image_size=SHAPE[:2], batch_size=BATCH, verbose=False)}
    x, y = load(name)
    if name == "workers":

        class Batches(library.utils.PyDataset):  # type: ignore[misc]
            def __len__(self) -> int:
                return ROWS // BATCH

            def __getitem__(self, index: int) -> tuple[Any, Any]:
                place = slice(index * BATCH, (index + 1) * BATCH)
                return x[place], y[place]

        return {"x": Batches(workers=2)}
    if library.__name__ == "keras" and name != "generator":
        import tensorflow as tf

        spec = (
            tf.TensorSpec((None, *SHAPE), "float32"),
            tf.TensorSpec((None,), "int64"),
        )
        if name == "arrays":
            rows = tf.data.Dataset.from_tensor_slices((x, y))
            return {"x": rows.shuffle(ROWS).batch(BATCH).prefetch(2)}
        read = tf.data.Dataset.from_generator
        return {"x": read(lambda: blocks(x, y), output_signature=spec).prefetch(2)}
    if name == "generator":
        endless = (batch for _ in iter(int, 1) for batch in blocks(x, y))
        return {"x": endless, "steps_per_epoch": ROWS // BATCH}
    return {"x": x, "y": y, "batch_size": BATCH}


def make_fit(library: Any, column: str, name: str) -> Callable[..., object]:
    """Return the training of a contender."""
    if column in (HAND, "grain"):
        return make_loop(read_by_hand(name) if column == HAND else read_by_grain(name))
    model = chain(
        ("Input", SHAPE), ("Flatten",), ("Dense", 64, {"activation": "relu"}), ("Dense", 10)
    )(library)
    model.compile(library.optimizers.Adam(), *from_logits(library))
    arguments = find_arguments(library, name)

    def fit(epochs: int, told: Callable[[], object] = lambda: None) -> None:
        class Told(library.callbacks.Callback):  # type: ignore[misc]
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                told()

        model.fit(**arguments, epochs=epochs, verbose=0, callbacks=[Told()])

    return fit


# -- in the process that asks ------------------------------------------------------------------


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 rounds")
    parser.add_argument("--only", default="", help="sources whose name contains this")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    options = parser.parse_args()
    results: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER] = folder
        write_data(Path(folder))
        for name in SOURCES:
            if options.only in name:
                rounds = 2 if options.quick else 5
                columns = COLUMNS if name in BY_NUMBER else COLUMNS[:3]
                results[name] = measure(name, columns, rounds, is_quick=True)
                print(name, file=sys.stderr, flush=True)
    if options.json:
        options.json.write_text(json.dumps(results))

    def row(name: str, found: Found) -> list[str]:
        hand, ours = (best(found, [column], "fit") for column in COLUMNS[:2])
        in_memory = best(results.get("arrays", found), COLUMNS[1:2], "fit")
        others = [show(best(found, [column], "fit") / hand) for column in COLUMNS[2:]]
        to_arrays = "" if name == "pictures" else show(ours / in_memory)
        numbers = [show(hand * 1e3, digits=0), show(ours / hand, 1.05), to_arrays]
        return [SOURCES[name], *numbers, *others]

    header = ["by hand, ms", "kplug ≤ 1.05", "kplug / kplug in memory", "Keras, tf.data", "grain"]
    title = f"{describe_machine()}\n\nAn epoch; beside the loop by hand where nothing else is said:"
    print_table(title, ["", *header], [row(name, found) for name, found in results.items()])
    for name, found in results.items():
        for column, numbers in found.items():
            if "failed" in numbers:
                print(f"- {SOURCES[name]}, {column}: {numbers['failed']}")


if __name__ == "__main__":
    main()
