"""Programs that others wrote, where their folder lies beside the checkout: ``../shared/keras-programs``.

They belong to their authors, so the repository has none. Some of each family run here; ``CONTRIBUTING.md``
has the command that runs all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PROGRAMS = Path(__file__).resolve().parents[4] / "shared" / "keras-programs"
RECORD = Path(__file__).with_name("record_models.py")
ENVIRONMENT = {**os.environ, "KERAS_BACKEND": "torch", "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="there is no folder ../shared/keras-programs"),
]

# Quick ones, of Keras 2's guide, examples and notebooks, of Keras 3's examples and of packages.
SELECTED = ()
# Those that the real Keras 3 runs as they are.
COMPARED = ()


@pytest.mark.parametrize("case", SELECTED)
def test_a_program_runs(case: str) -> None:
    done = subprocess.run(
        [sys.executable, str(PROGRAMS / "run.py"), sys.executable, "--only", case, "--jobs", "1"],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    assert done.stdout.splitlines()[-1] == "1 of 1 programs run", done.stdout + done.stderr


@pytest.mark.parametrize("case", COMPARED)
def test_its_models_predict_what_the_real_ones_do(case: str, tmp_path: Path) -> None:
    def record(library: str, source: str, target: str) -> dict[str, np.ndarray]:
        subprocess.run(
            [sys.executable, str(RECORD), str(PROGRAMS), case, library, source, target],
            check=True,
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
        )
        return dict(np.load(tmp_path / target))

    theirs = record("keras", "-", "theirs.npz")
    ours = record("kplug" if case.startswith("k3/") else "bound", "theirs.npz", "ours.npz")
    predictions = [name for name in theirs if "/p/" in name]
    assert predictions
    for name in predictions:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-4)
