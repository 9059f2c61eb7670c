"""A real kernel: what a notebook that a program runs holds when it is opened again."""

from __future__ import annotations

import re

import pytest

_CODE = """
import time
import numpy as np
from kplug.callbacks import Callback
from kplug.layers import Dense
from kplug.models import Sequential

class Slow(Callback):
    def on_epoch_end(self, epoch, logs=None): print("slept")
    def on_train_batch_end(self, batch, logs=None): time.sleep(0.6)

x = np.random.rand(64, 4)
model = Sequential([Dense(1, input_shape=(4,))])
model.compile("sgd", "mse")
_ = model.fit(x, x[:, :1], epochs=2)
_ = model.fit(x, x[:, :1], batch_size=16, verbose=1, callbacks=[Slow()])
model.evaluate(x, x[:, :1])
model.predict(x, verbose=2);
"""


@pytest.mark.slow
def test_a_saved_notebook_holds_the_lines_and_nothing_else() -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_CODE)])
    nbclient.NotebookClient(notebook, timeout=500).execute()
    texts = [
        output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"]
        for output in notebook.cells[0].outputs
        if output["output_type"] != "execute_result"
    ]
    lines = "".join(texts).splitlines()
    patterns = (
        r"Epoch 1/2 - .*/step - loss: \d.*", r"Epoch 2/2 - .*/step - loss: \d.*", "slept",
        r"Epoch 1/1 - .*/step - loss: \d.*", r"Evaluate - .*/step - loss: \d.*", "Predict - .*/step",
    )  # fmt: skip
    for pattern, line in zip(patterns, lines, strict=True):
        assert re.fullmatch(pattern, line)
