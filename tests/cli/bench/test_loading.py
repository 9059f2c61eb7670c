"""The model and the data that a file defines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from kplug.cli.bench.loading import Workload, load_workload, make_samples
from kplug.errors import KplugError
from kplug.layers import Dense
from kplug.models import Sequential

HEAD = "from kplug.layers import Dense\nfrom kplug.models import Sequential\n"
NET = HEAD + "net = Sequential([Dense(3, input_shape=(4,))])\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text)
    return path


def compiled() -> Sequential:
    model = Sequential([Dense(3, input_shape=(4,))])
    model.compile("sgd", "mse")
    return model


def test_a_file_s_model_and_data_are_found(tmp_path: Path) -> None:
    path = write(tmp_path, NET + "net.compile('sgd', 'mse')\nx, y = [[1.0]], [[2.0]]\n")
    workload = load_workload(path, "net")
    assert isinstance(workload.model, Sequential)
    assert (workload.x, workload.y) == ([[1.0]], [[2.0]])


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (NET, "model", r"defines no 'model'(?s:.*)The models in it: 'net'\."),
        ("n = 1\n", "model", r"defines no 'model'(?s:.*)Define it at the top of the file"),
        ("n = 1\n", "n", "'n' in .* is an int; a model of kplug's is needed"),
        (NET, "net", r"'net' in .* is not compiled(?s:.*)Call net\.compile\("),
    ],
)
def test_a_file_without_the_compiled_model_is_refused(
    tmp_path: Path, text: str, name: str, message: str
) -> None:
    with pytest.raises(KplugError, match=message):
        load_workload(write(tmp_path, text), name)


def test_an_error_of_the_file_s_own_code_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        load_workload(write(tmp_path, "1 / 0\n"), "model")


def test_the_file_s_own_arrays_are_the_samples() -> None:
    x = np.arange(20, dtype="float32").reshape(5, 4)
    y = np.arange(15, dtype="float32").reshape(5, 3)
    samples = make_samples(Workload(compiled(), x, y), 99)
    assert len(samples) == 5
    assert torch.equal(samples.x, torch.from_numpy(x))
    assert torch.equal(samples.y, torch.from_numpy(y))


def test_missing_data_are_drawn_in_the_number_asked_for() -> None:
    samples = make_samples(Workload(compiled()), 7)
    assert (tuple(samples.x.shape), tuple(samples.y.shape)) == ((7, 4), (7, 3))


def test_batches_that_come_once_are_refused() -> None:
    batches = (np.zeros((2, 4)) for _ in range(3))
    with pytest.raises(KplugError, match="'x' is a generator; kplug bench needs arrays"):
        make_samples(Workload(compiled(), batches), 7)
