"""Callbacks: what happens while ``fit`` runs, besides the training itself."""

from kplug.callbacks.averages import SwapEMAWeights as SwapEMAWeights
from kplug.callbacks.backup import BackupAndRestore as BackupAndRestore
from kplug.callbacks.base.callback import Callback as Callback
from kplug.callbacks.base.monitoring import MonitoringCallback as MonitoringCallback
from kplug.callbacks.callback_list import CallbackList as CallbackList
from kplug.callbacks.checkpoint import ModelCheckpoint as ModelCheckpoint
from kplug.callbacks.csv_logger import CSVLogger as CSVLogger
from kplug.callbacks.history import History as History
from kplug.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from kplug.callbacks.learning_rate import (
    LearningRateScheduler as LearningRateScheduler,
    ReduceLROnPlateau as ReduceLROnPlateau,
)
from kplug.callbacks.remote import RemoteMonitor as RemoteMonitor
from kplug.callbacks.serialization import get as get
from kplug.callbacks.stopping import (
    EarlyStopping as EarlyStopping,
    TerminateOnNaN as TerminateOnNaN,
)
from kplug.callbacks.tensorboard import TensorBoard as TensorBoard
from kplug.support.exports import export_names

export_names(globals())
