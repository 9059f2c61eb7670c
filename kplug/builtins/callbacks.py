"""The callbacks that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
    Component("backup_and_restore", "kplug.callbacks.backup:BackupAndRestore", summary="Save the state of training as it goes on, and start from it if the run was interrupted."),
    Component("csv_logger", "kplug.callbacks.csv_logger:CSVLogger", summary="Write the logs of every epoch to a CSV file, one row per epoch."),
    Component("early_stopping", "kplug.callbacks.stopping:EarlyStopping", summary="Stop when a log has not improved for patience epochs."),
    Component("history", "kplug.callbacks.history:History", summary="The value of every log after every epoch; fit returns one."),
    Component("lambda_callback", "kplug.callbacks.lambda_callback:LambdaCallback", summary="A callback whose hooks are given as functions."),
    Component("learning_rate_scheduler", "kplug.callbacks.learning_rate:LearningRateScheduler", summary="Set the learning rate at the start of each epoch."),
    Component("model_checkpoint", "kplug.callbacks.checkpoint:ModelCheckpoint", summary="Save the model, or its weights, after each epoch or every so many steps."),
    Component("reduce_lr_on_plateau", "kplug.callbacks.learning_rate:ReduceLROnPlateau", summary="Multiply the learning rate by factor when a log has stopped improving."),
    Component("remote_monitor", "kplug.callbacks.remote:RemoteMonitor", summary="Send the logs of every epoch to a server, by HTTP POST."),
    Component("swap_ema_weights", "kplug.callbacks.averages:SwapEMAWeights", summary="Give the model the moving averages of its weights while it is evaluated or predicts."),
    Component("tensor_board", "kplug.callbacks.tensorboard:TensorBoard", summary="Write logs and weights to event files for TensorBoard."),
    Component("terminate_on_nan", "kplug.callbacks.stopping:TerminateOnNaN", summary="Stop at the first step whose loss is NaN or infinite."),
)
# fmt: on
COMPONENTS = {component.name: component for component in _ROWS}
