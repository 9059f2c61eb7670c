"""Weights & Biases offline: `wandb sync` sends the folder when there is a network."""

from pathlib import Path

import numpy as np
import wandb  # noqa: F401 - the logger's library

import kplug

kplug.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(256, 8)).astype("float32")
y = x[:, :3].argmax(1)
model = kplug.Sequential(
    [kplug.layers.Dense(32, "tanh", input_dim=8), kplug.layers.Dense(3, "softmax")]
)
model.compile("lion(lr=0.005)", "sparse_categorical_crossentropy", metrics=["accuracy"])
logger = kplug.resolve("callback", "wandb(project='three', mode='offline', update_freq=4)").object
model.fit(x, y, epochs=10, callbacks=[logger], verbose=0)
(folder,) = Path("wandb").glob(f"offline-run-*-{logger.run_id}")
assert any(folder.glob("*.wandb"))
print(f"wandb sync {folder}")
