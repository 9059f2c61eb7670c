"""A second process finds what the first one compiled."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, sys
import numpy as np, torch
from torch._dynamo.utils import counters
from kplug import layers
from kplug.models import Sequential

seed, rows = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(seed)
x, y = rng.normal(size=(rows, 8, 8, 1)).astype("float32"), rng.integers(0, 3, size=rows)
found = {}
for jit in (False, True):
    torch.manual_seed(seed)
    model = Sequential([
        layers.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dropout(0.5), layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=jit,
                  steps_per_execution=2)
    losses = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history["loss"]
    losses += model.evaluate(x, y, batch_size=8, verbose=0)
    found["compiled" if jit else "eager"] = losses + model.predict(x, batch_size=8)[0].tolist()
found["has_imported_compiler"] = "torch._inductor.compile_fx" in sys.modules
print(json.dumps({**found, "inductor": counters["inductor"], "autograd": counters["aot_autograd"]}))
"""


def run(folder: Path, seed: int, rows: int) -> dict[str, Any]:
    environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(folder)}
    environment |= {"PYTHONHASHSEED": str(seed)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed), str(rows)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_another_process_with_other_weights_and_data_compiles_nothing(tmp_path: Path) -> None:
    first = run(tmp_path, 1, 80)
    assert first["inductor"]["fxgraph_cache_miss"] == 3  # the steps of fit, evaluate and predict
    built = sorted(tmp_path.rglob("*.so"))
    second = run(tmp_path, 2, 160)
    assert not second["has_imported_compiler"]
    shutil.rmtree(tmp_path / "kplug")
    third = run(tmp_path, 3, 80)  # by torch's own caches
    assert third["inductor"]["fxgraph_cache_hit"] == 3
    assert third["autograd"]["autograd_cache_hit"] == 3
    assert not [
        name
        for name in (*third["inductor"], *third["autograd"])
        if name.endswith(("cache_miss", "cache_bypass"))
    ]
    assert sorted(tmp_path.rglob("*.so")) == built
    for each in (first, second, third):
        assert each["compiled"] == pytest.approx(each["eager"], rel=1e-5)
    assert first["eager"] != second["eager"]
