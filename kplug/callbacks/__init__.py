"""Callbacks: what happens while ``fit`` runs, besides the training itself."""

from __future__ import annotations

from typing import Any

from kplug.callbacks.averages import SwapEMAWeights
from kplug.callbacks.backup import BackupAndRestore
from kplug.callbacks.base import Callback, CallbackList
from kplug.callbacks.checkpoint import ModelCheckpoint
from kplug.callbacks.csv_logger import CSVLogger
from kplug.callbacks.functions import LambdaCallback
from kplug.callbacks.history import History
from kplug.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from kplug.callbacks.remote import RemoteMonitor
from kplug.callbacks.stopping import EarlyStopping, TerminateOnNaN
from kplug.callbacks.tensorboard import TensorBoard
from kplug.registry import resolve_object


def get(identifier: object) -> Any:
    """Return the callback that a name, spec, class or instance stands for."""
    return resolve_object("callback", identifier)


__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
    "get",
]
