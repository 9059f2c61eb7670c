"""Third-party programs from ``../shared/keras-programs``, if that folder exists.

They belong to their authors, so the repository has none. Those for Keras 2 run as they are after
``kplug_keras2.install()``, those for Keras 3 with the import changed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAMS = Path(__file__).resolve().parents[4] / "shared" / "keras-programs"
FORK, RECORD = (
    Path(__file__).with_name(f"{name}.py") for name in ("fork_programs", "record_models")
)
SETTINGS = {
    "KERAS_BACKEND": "torch",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    # The runner changes imports while it reads a source, which the bytecode would keep for another runner.
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}
ENVIRONMENT = {**os.environ, **SETTINGS}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="there is no folder ../shared/keras-programs"),
]

# Of these the reasons are their own.
CANNOT_RUN = {
    "k3/pixelcnn": "unsupported operand type(s) for -: 'numpy.ndarray' and 'Tensor'",  # Keras on torch too
    "k3/supervised_contrastive_learning": "kplug.ops.sum cannot compute",  # IndexError of Keras on torch
    "third/contrib_optimizer_lars": "'LARS' object is not callable",  # it calls its optimizer
    "third/nasnet_titu": "Conv2D: argument 'filters' is 0",  # cut down too far
    "third/nnp_qrnn_imdb": "No module named 'theano'",
}
# They take as long as half of the others together; `run.py` in that folder runs them as well.
LONG = {"third/cyber_keras_multi_head": "it trains for 50,000 steps"}
CASES = sorted(
    {
        path.relative_to(PROGRAMS / "cases").with_suffix("").as_posix()
        for path in (PROGRAMS / "cases").rglob("*.py")
    }
    - LONG.keys()
)
# Those that the real Keras 3 runs as they are.
COMPARED: tuple[str, ...] = (
    "dlwp/2.1-a-first-look-at-a-neural-network",
    "dlwp/3.5-classifying-movie-reviews",
    "dlwp/5.1-introduction-to-convnets",
    "dlwp/8.1-text-generation-with-lstm",
    "k2/lstm_seq2seq",
    "k2/lstm_text_generation",
    "k2/mnist_cnn",
    "k2/mnist_transfer_cnn",
    "k2guide/faq_03_save_load",
    "k2guide/fun_03_multi_io",
    "k2guide/model_class",
    "k2guide/optimizers",
    "k2guide/seq_00_intro",
    "k2guide/seq_05_training",
    "k2guide/seq_08_mlp_binary",
    "k2guide/seq_09_vgg_like",
    "k2guide/seq_12_stacked_lstm",
    "k3/bidirectional_lstm_imdb",
    "k3/demo_custom_torch_workflow",
    "k3/demo_functional",
    "k3/demo_mnist_convnet",
    "k3/dlwp3_chapter04",
    "k3/lstm_seq2seq",
    "k3/mnist_convnet",
    "k3/timeseries_anomaly_detection",
)


def start(script: Path, *arguments: object) -> None:
    """Run a script of this folder."""
    subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        check=True,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what the runner found of each program."""
    found = tmp_path_factory.mktemp("programs") / "found.json"
    start(FORK, PROGRAMS, found, *CASES)
    of_programs: dict[str, dict[str, Any]] = json.loads(found.read_text())
    return of_programs


@pytest.mark.parametrize("case", [case for case in CASES if case not in CANNOT_RUN])
def test_a_program_runs(case: str, results: dict[str, dict[str, Any]]) -> None:
    assert results[case]["code"] == 0, results[case]["trace"]


@pytest.mark.parametrize("case", CANNOT_RUN)
def test_a_program_that_cannot_run_says_why(case: str, results: dict[str, dict[str, Any]]) -> None:
    assert results[case]["code"] != 0
    assert CANNOT_RUN[case] in results[case]["error"]


def test_nearly_all_programs_run() -> None:
    assert len(CANNOT_RUN) <= 0.05 * len(CASES)


def record(library: str, source: str, target: Path, cases: tuple[str, ...]) -> None:
    """Let a library write what the models of programs predict, one file a program."""
    target.mkdir(exist_ok=True)
    start(RECORD, PROGRAMS, library, source, target, *cases)


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the folders in which the real Keras and kplug have written what models predict."""
    theirs, ours = tmp_path_factory.mktemp("theirs"), tmp_path_factory.mktemp("ours")
    of_keras_3 = tuple(case for case in COMPARED if case.startswith("k3/"))
    record("keras", "-", theirs, COMPARED)
    record("kplug", str(theirs), ours, of_keras_3)
    record("bound", str(theirs), ours, tuple(set(COMPARED) - set(of_keras_3)))
    return theirs, ours


@pytest.mark.parametrize("case", COMPARED)
def test_its_models_predict_what_the_real_ones_do(
    case: str, predictions: tuple[Path, Path]
) -> None:
    theirs, ours = (dict(np.load(one / f"{case.replace('/', '_')}.npz")) for one in predictions)
    names = [name for name in theirs if "/p/" in name]
    assert names
    for name in names:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-4)
