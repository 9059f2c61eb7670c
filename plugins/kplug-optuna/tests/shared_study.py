"""A process of a study that several share: ``python shared_study.py PLACE TRIALS``."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import optuna
from kplug_optuna import SearchSpace
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

import kplug
from kplug.layers import Dense

SPACE = SearchSpace("optimizer", ["adamw", "sgd(momentum=0.9)"])
STUDY = "shared"


def open_storage(place: str) -> Any:
    """Return the storage at an address of a database, or in a journal of a shared folder."""
    return RDBStorage(place) if "://" in place else JournalStorage(JournalFileBackend(place))


def objective(trial: optuna.Trial) -> float:
    """Train a small model, and note its optimizer as text."""
    x = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
    spec = SPACE.suggest(trial)
    trial.set_user_attr("spec", str(spec))
    model = kplug.Sequential([Dense(1, input_dim=3)])
    model.compile(spec, "mse")
    history = model.fit(
        x,
        x[:, :1],
        epochs=3,
        verbose=0,
        validation_data=(x, x[:, :1]),
        callbacks=["optuna_pruning"],
    )
    return float(history.history["val_loss"][-1])


if __name__ == "__main__":
    study = optuna.load_study(
        storage=open_storage(sys.argv[1]),
        study_name=STUDY,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4),
    )
    study.optimize(objective, n_trials=int(sys.argv[2]))
