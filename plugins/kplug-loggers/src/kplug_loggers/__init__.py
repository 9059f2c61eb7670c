"""Experiment loggers: callbacks that log a training as a run of a library."""

from kplug_loggers.aim import Aim as Aim
from kplug_loggers.clearml import ClearML as ClearML
from kplug_loggers.comet_ml import Comet as Comet
from kplug_loggers.dvclive import DVCLive as DVCLive
from kplug_loggers.logger import Run as Run, RunLogger as RunLogger
from kplug_loggers.mlflow import MLflow as MLflow
from kplug_loggers.trackio import Trackio as Trackio
from kplug_loggers.wandb import WandB as WandB

__all__ = [
    "Aim",
    "ClearML",
    "Comet",
    "DVCLive",
    "MLflow",
    "Run",
    "RunLogger",
    "Trackio",
    "WandB",
]
