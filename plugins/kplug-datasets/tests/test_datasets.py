"""Keras's datasets from small files in the same formats; real Keras reads the same files."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import kplug_datasets
import numpy as np
import pytest
from kplug_datasets import source_files

from kplug.errors import ArgumentValueError, DataError, KplugError

DATA = np.random.default_rng(0)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "datasets"
    folder.mkdir()
    return folder


@pytest.fixture
def keep(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], Path]:
    """Return what puts a file into the cache folder, whose hash is taken for Keras's."""

    def keep(name: str, content: bytes) -> Path:
        (cache / name).write_bytes(content)
        monkeypatch.setitem(source_files.HASHES, name, hashlib.sha256(content).hexdigest())
        return cache / name

    return keep


def _npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _texts(count: int) -> np.ndarray:
    made = np.empty(count, dtype=object)
    made[:] = [DATA.integers(1, 40, DATA.integers(3, 9)).tolist() for _ in range(count)]
    return made


def _load_with_keras(
    module: str, path: Path, monkeypatch: pytest.MonkeyPatch, **arguments: Any
) -> Any:
    home = f"keras.src.datasets.{module}"
    monkeypatch.setattr(f"{home}.get_file", lambda *args, **kwargs: str(path))
    return getattr(keras.datasets, module).load_data(**arguments)


def _assert_equal(found: Any, expected: Any) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert one.dtype == other.dtype
            assert one.shape == other.shape
            assert one.tolist() == other.tolist()


def _numbers(count: int, width: int) -> bytes:
    return _npz(x=DATA.normal(size=(count, width)), y=DATA.normal(size=count))


@pytest.mark.parametrize(
    ("module", "content", "arguments"),
    [
        ("boston_housing", _numbers(10, 13), {}),
        ("boston_housing", _numbers(10, 13), {"test_split": 0.5, "seed": 1}),
        ("california_housing", _numbers(610, 8), {}),
        ("california_housing", _numbers(610, 8), {"version": "small"}),
    ],
)
def test_prices(
    module: str, content: bytes, arguments: Any, keep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keep(f"{module}.npz", content)
    found = getattr(kplug_datasets, module).load_data(**arguments)
    _assert_equal(found, _load_with_keras(module, path, monkeypatch, **arguments))


def test_digits(keep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, digits = (
        DATA.integers(0, 256, (5, 28, 28)).astype("uint8"),
        np.arange(5, dtype="uint8"),
    )
    content = _npz(x_train=pictures, y_train=digits, x_test=pictures[:2], y_test=digits[:2])
    path = keep("mnist.npz", content)
    found = kplug_datasets.mnist.load_data()
    _assert_equal(found, _load_with_keras("mnist", path, monkeypatch))


WORDS = [
    {},
    {"num_words": 20},
    {"num_words": 20, "skip_top": 5, "oov_char": None},
    {"maxlen": 7, "seed": 3},
    {"start_char": None},
    {"start_char": None, "index_from": 0},
]


@pytest.mark.parametrize("arguments", WORDS, ids=str)
def test_reviews(arguments: Any, keep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = DATA.integers(0, 2, 30)
    content = _npz(x_train=_texts(30), y_train=labels, x_test=_texts(12), y_test=labels[:12])
    path = keep("imdb.npz", content)
    found = kplug_datasets.imdb.load_data(**arguments)
    _assert_equal(found, _load_with_keras("imdb", path, monkeypatch, **arguments))


@pytest.mark.parametrize("arguments", [*WORDS, {"test_split": 0.5}], ids=str)
def test_news(arguments: Any, keep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep("reuters.npz", _npz(x=_texts(30), y=DATA.integers(0, 46, 30)))
    found = kplug_datasets.reuters.load_data(**arguments)
    _assert_equal(found, _load_with_keras("reuters", path, monkeypatch, **arguments))


def test_topics_have_the_names_that_keras_has() -> None:
    assert kplug_datasets.reuters.get_label_names() == keras.datasets.reuters.get_label_names()


@pytest.mark.parametrize("module", ["imdb", "reuters"])
def test_words_have_ranks(module: str, keep: Any) -> None:
    keep(f"{module}_word_index.json", json.dumps({"the": 1, "é": 2}).encode())
    assert getattr(kplug_datasets, module).get_word_index() == {"the": 1, "é": 2}


def test_clothes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cache / "fashion-mnist"
    folder.mkdir()
    for part, count in (("train", 4), ("t10k", 2)):
        pictures = DATA.integers(0, 256, count * 784).astype("uint8").tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(16) + pictures))
        labels = bytes(8) + bytes(range(count))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    found = kplug_datasets.fashion_mnist.load_data()
    home = "keras.src.datasets.fashion_mnist.get_file"
    monkeypatch.setattr(home, lambda name, **kwargs: str(folder / name))
    _assert_equal(found, keras.datasets.fashion_mnist.load_data())


def _pictures(count: int, **labels: list[int]) -> bytes:
    made = DATA.integers(0, 256, (count, 3072)).astype("uint8")
    named = {name.encode(): values for name, values in labels.items()}
    return pickle.dumps({b"data": made, **named}, protocol=3)


def _archive(folder: str, **files: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def _keep_cifar(keep: Any, name: str, folder: str, content: bytes, cache: Path) -> Path:
    kept = keep(f"{name}.tar.gz", content)
    kept.rename(cache / f"{folder}_archive")
    return cache / folder


@pytest.mark.parametrize("mode", ["fine", "coarse"])
def test_a_hundred_classes(
    mode: str, keep: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {
        name: _pictures(3, fine_labels=[7, 99, 0], coarse_labels=[1, 19, 0])
        for name in ("train", "test")
    }
    folder = _keep_cifar(
        keep,
        "cifar-100-python",
        "cifar-100-python-target",
        _archive("cifar-100-python", **parts),
        cache,
    )
    found = kplug_datasets.cifar100.load_data(mode)
    expected = _load_with_keras("cifar100", folder, monkeypatch, label_mode=mode)
    _assert_equal(found, [(x, y.astype("uint8")) for x, y in expected])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_ten_classes(
    data_format: str, keep: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kplug.config.image_data_format", lambda: data_format)
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    parts = {name: _pictures(2, labels=[number, 9]) for number, name in enumerate(names)}
    content = _archive("cifar-10-batches-py", **parts)
    _keep_cifar(keep, "cifar-10-python", "cifar-10-batches-py-target", content, cache)
    (x, y), (x_test, y_test) = kplug_datasets.cifar10.load_data()
    first = np.concatenate(
        [pickle.loads(parts[name], encoding="bytes")[b"data"] for name in names[:5]]
    ).reshape(10, 3, 32, 32)
    assert np.array_equal(x if data_format == "channels_first" else x.transpose(0, 3, 1, 2), first)
    assert y.ravel().tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert x_test.shape[0] == 2
    assert y_test.tolist() == [[5], [9]]


class _Shout:
    def __reduce__(self) -> Any:
        return (print, ("run",))


def test_a_pickle_that_would_run_something_is_refused(
    keep: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made = np.empty(1, dtype=object)
    made[:] = [_Shout()]
    path = keep("reuters.npz", _npz(x=made, y=np.zeros(1)))
    with pytest.raises(DataError) as caught:
        kplug_datasets.reuters.load_data()
    assert str(caught.value) == (
        f"kplug-datasets: {path} cannot be read: it names builtins.print, which no array is made of; "
        "it is left as it is\n  It is damaged, or another file. Remove it, and it is downloaded again."
    )
    assert path.exists()
    assert capsys.readouterr().out == ""


def test_pictures_that_would_run_something_are_refused(keep: Any, cache: Path) -> None:
    parts = {name: pickle.dumps(_Shout()) for name in ("train", "test")}
    content = _archive("cifar-100-python", **parts)
    _keep_cifar(keep, "cifar-100-python", "cifar-100-python-target", content, cache)
    with pytest.raises(DataError, match=r"it names builtins\.print, which no array is made of"):
        kplug_datasets.cifar100.load_data()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not whole"], ids=["empty", "cut"])
def test_a_damaged_file_is_refused(content: bytes, keep: Any) -> None:
    keep("mnist.npz", content)
    with pytest.raises(DataError, match=r"mnist\.npz cannot be read"):
        kplug_datasets.mnist.load_data()


def test_a_file_with_another_hash_is_refused_and_left_alone(cache: Path) -> None:
    (cache / "mnist.npz").write_bytes(b"other")
    with pytest.raises(DataError, match=r"mnist\.npz has another sha256 than 731c5ac6"):
        kplug_datasets.mnist.load_data()
    assert (cache / "mnist.npz").read_bytes() == b"other"


def test_without_a_network_the_message_says_where_a_copy_belongs(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_files, "_KERAS", "http://127.0.0.1:9/")  # where nobody answers
    with pytest.raises(KplugError) as caught:
        kplug_datasets.imdb.load_data()
    assert f"copy the file to {cache / 'imdb.npz'}; its sha256 is 69664113be" in str(caught.value)


def test_a_path_is_taken_as_it_is(keep: Any, tmp_path: Path) -> None:
    path = keep("boston_housing.npz", _numbers(10, 13)).rename(tmp_path / "copy.npz")
    (x, _), _ = kplug_datasets.boston_housing.load_data(str(path))
    assert x.shape == (8, 13)


def test_texts_of_one_length_stay_lists(keep: Any) -> None:
    made = np.empty(2, dtype=object)
    made[:] = [[1, 2], [3, 4]]
    keep("reuters.npz", _npz(x=made, y=np.zeros(2)))
    (x, _), _ = kplug_datasets.reuters.load_data(test_split=0)
    assert sorted(x.tolist()) == [[1, 4, 5], [1, 6, 2]]


@pytest.mark.parametrize(
    ("module", "arguments", "text"),
    [
        (
            "imdb",
            {"num_words": 0},
            "imdb: argument 'num_words' is 0; allowed: an integer from 1 on, or None",
        ),
        (
            "reuters",
            {"skip_top": -1},
            "reuters: argument 'skip_top' is -1; allowed: an integer from 0 on",
        ),
        (
            "california_housing",
            {"version": "tiny"},
            "california_housing: argument 'version' is 'tiny'; allowed: 'small' or 'large'",
        ),
        (
            "cifar100",
            {"label_mode": "x"},
            "cifar100: argument 'label_mode' is 'x'; allowed: 'fine' or 'coarse'",
        ),
    ],
)
def test_a_wrong_argument_is_named_before_a_file_is_read(
    module: str, arguments: Any, text: str, cache: Path
) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        getattr(kplug_datasets, module).load_data(**arguments)
    assert text in str(caught.value)


def test_no_text_is_short_enough(keep: Any) -> None:
    keep("reuters.npz", _npz(x=_texts(3), y=np.zeros(3)))
    with pytest.raises(DataError, match="reuters: no text is shorter than maxlen=2"):
        kplug_datasets.reuters.load_data(maxlen=2)


def test_programs_for_keras_find_the_same_modules() -> None:
    names: dict[str, Any] = {}
    exec(
        "import kplug as keras\nfrom kplug.datasets import mnist\nimport kplug.datasets.imdb", names
    )
    assert names["keras"].datasets is kplug_datasets
    assert names["mnist"] is kplug_datasets.mnist
    assert names["keras"].datasets.imdb is kplug_datasets.imdb
