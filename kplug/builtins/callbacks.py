"""The built-in callbacks, offered the way any plugin offers its own."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_CALLBACKS = "kplug.callbacks"


@hookimpl
def kplug_callbacks() -> dict[str, Component | str]:
    """Return the callbacks that ship with kplug."""
    return {
        component.name: component
        for component in (
            Component(
                "backup_and_restore",
                f"{_CALLBACKS}.backup:BackupAndRestore",
                summary="Go on with a run that was interrupted.",
            ),
            Component(
                "csv_logger",
                f"{_CALLBACKS}.csv_logger:CSVLogger",
                summary="Write the logs of every epoch to a CSV file.",
            ),
            Component(
                "early_stopping",
                f"{_CALLBACKS}.stopping:EarlyStopping",
                summary="Stop when a log no longer improves.",
            ),
            Component(
                "history",
                f"{_CALLBACKS}.history:History",
                summary="Record the logs of every epoch.",
            ),
            Component(
                "lambda_callback",
                f"{_CALLBACKS}.lambda_callback:LambdaCallback",
                summary="Hooks given as functions.",
            ),
            Component(
                "learning_rate_scheduler",
                f"{_CALLBACKS}.learning_rate:LearningRateScheduler",
                summary="Set the learning rate at the start of each epoch.",
            ),
            Component(
                "model_checkpoint",
                f"{_CALLBACKS}.checkpoint:ModelCheckpoint",
                summary="Save the model or its weights while it trains.",
            ),
            Component(
                "reduce_lr_on_plateau",
                f"{_CALLBACKS}.learning_rate:ReduceLROnPlateau",
                summary="Reduce the learning rate when a log no longer improves.",
            ),
            Component(
                "remote_monitor",
                f"{_CALLBACKS}.remote:RemoteMonitor",
                summary="Send the logs of every epoch to a server.",
            ),
            Component(
                "swap_ema_weights",
                f"{_CALLBACKS}.averages:SwapEMAWeights",
                summary="Evaluate with the moving averages of the weights.",
            ),
            Component(
                "tensor_board",
                f"{_CALLBACKS}.tensorboard:TensorBoard",
                summary="Write logs and weights for TensorBoard.",
            ),
            Component(
                "terminate_on_nan",
                f"{_CALLBACKS}.stopping:TerminateOnNaN",
                summary="Stop at the first step whose loss is not finite.",
            ),
        )
    }
