"""Writes logs, weights and the model for TensorBoard."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug.backend import NumpyArray, get_value
from kplug.backend.processes import is_main_process
from kplug.callbacks.base.callback import Callback, Logs
from kplug.callbacks.base.learning_rates import read_rates
from kplug.callbacks.base.writing import writing
from kplug.components.arguments import is_number, require_flag, require_integer, require_path
from kplug.errors import KplugError
from kplug.registry.user_warnings import warn
from kplug.support.optional_libraries import import_extra

_OWNER = "TensorBoard"
_EVENTS = "torch.utils.tensorboard"
_FREQUENCIES = "'epoch', 'batch' or a number of steps >= 1"


class TensorBoard(Callback):
    """Write logs and weights to event files for TensorBoard.

    The logs of training are written as the run ``train`` and those of validation as the run
    ``validation``, both as ``epoch_<log>``; logs of steps as ``batch_<log>``, and results of
    ``evaluate`` as ``evaluation_<log>_vs_iterations``. Show them with ``tensorboard --logdir logs``.

    Args:
        log_dir: The folder of the runs; one for each model or trial.
        histogram_freq: Write histograms of the weights after every so many epochs; 0 for never.
        write_graph: Write the layers of the model and their connections, for the tab Graphs.
        write_images: Write weights as images too, along with histograms.
        write_steps_per_second: Write the speed of training for every epoch.
        update_freq: ``"epoch"``, ``"batch"`` or a number of steps >= 1: after how many steps the
            logs of steps are written. Reading them synchronizes the step with the device.

    Raises:
        MissingLibraryError: If TensorBoard is not installed.
        ArgumentValueError: If a number is outside its range.
        FileWriteError: In a run, if the folder cannot be written.

    Example:
        >>> import tempfile
        >>> board = TensorBoard(tempfile.mkdtemp(), update_freq=100)
        >>> board.update_freq
        100

    Reference:
        ``keras.callbacks.TensorBoard``: the same runs and tags; without ``profile_batch`` and
        ``embeddings_freq``. Histograms are named ``<layer>/<weight>/histogram``.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
    ) -> None:
        import_extra(_OWNER, _EVENTS, "tensorboard")  # so that it fails now, not in the run
        require_path(_OWNER, "log_dir", log_dir, "the name of a folder")
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = require_integer(
            _OWNER, "histogram_freq", histogram_freq, "a number of epochs >= 0", at_least=0
        )
        self.write_graph = require_flag(_OWNER, "write_graph", write_graph)
        self.write_images = require_flag(_OWNER, "write_images", write_images)
        self.write_steps_per_second = require_flag(
            _OWNER, "write_steps_per_second", write_steps_per_second
        )
        self.update_freq: str | int = "epoch"
        if update_freq != "epoch":
            steps = 1 if update_freq == "batch" else update_freq
            self.update_freq = require_integer(
                _OWNER, "update_freq", steps, _FREQUENCIES, at_least=1
            )
        self._writers: dict[str, Any] = {}
        self._steps, self._steps_before = 0, 0
        self._epoch_start = 0.0

    def _writer(self, run: str) -> Any:
        """Return the writer of a run, created on first use: an empty run gets no file."""
        if run not in self._writers:
            events = import_extra(_OWNER, _EVENTS, "tensorboard")
            with writing(_OWNER, self.log_dir):
                self._writers[run] = events.SummaryWriter(str(Path(self.log_dir, run)))
        return self._writers[run]

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._steps = 0
        if self.write_graph and is_main_process():
            write_graph(self._writer("train"), self.model)

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch_start, self._steps_before = time.perf_counter(), self._steps

    @override
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the logs of the epoch so far, if enough steps have passed."""
        before, self._steps = self._steps, self._steps_before + batch + 1
        if self.update_freq == "epoch":
            return
        # Several steps may have run together.
        if before // int(self.update_freq) != self._steps // int(self.update_freq):
            self._write("train", "batch_{}", dict(logs or {}), self._steps)

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the logs of the epoch, and the weights if they are due."""
        values = {**(logs or {}), **read_rates(self.model.optimizer)}
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._epoch_start
            values["steps_per_second"] = (self._steps - self._steps_before) / seconds
        validation = {name: value for name, value in values.items() if name.startswith("val_")}
        training = {name: value for name, value in values.items() if name not in validation}
        self._write("train", "epoch_{}", training, epoch)
        without_prefix = {name.removeprefix("val_"): each for name, each in validation.items()}
        self._write("validation", "epoch_{}", without_prefix, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0 and is_main_process():
            with writing(_OWNER, self.log_dir):
                self._write_weights(epoch)

    @override
    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write the results of an evaluation against the number of updates so far."""
        iterations = getattr(self.model.optimizer, "iterations", None)
        if iterations is not None:
            self._write("validation", "evaluation_{}_vs_iterations", logs or {}, int(iterations))

    @override
    def on_train_end(self, logs: Logs | None = None) -> None:
        for writer in self._writers.values():
            with writing(_OWNER, self.log_dir):
                writer.close()
        self._writers = {}

    def _write(self, run: str, tag: str, values: Any, step: int) -> None:
        if not is_main_process():
            return
        numbers = {name: value for name, value in values.items() if is_number(value)}
        with writing(_OWNER, self.log_dir):
            for name, value in numbers.items():
                self._writer(run).add_scalar(tag.format(name), value, step)
            if numbers:
                self._writer(run).flush()

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for layer in self.model.layers:
            for name, weight in layer.named_weights():
                values, tag = get_value(weight), f"{layer.name}/{name}"
                writer.add_histogram(f"{tag}/histogram", values, epoch)
                images = as_images(values) if self.write_images else None
                if images is not None:
                    writer.add_images(f"{tag}/image", images, epoch, dataformats="NHWC")
        writer.flush()


def as_images(weight: NumpyArray) -> NumpyArray | None:
    """Return a weight as images (number, height, width, channels), or None if it has no such form.

    A vector becomes one row, a matrix one landscape image, a kernel of three axes one image for each
    filter; four axes are kept.

    Example:
        >>> import numpy as np
        >>> as_images(np.zeros((8, 4))).shape, as_images(np.zeros(3)).shape
        ((1, 4, 8, 1), (1, 1, 3, 1))
    """
    values = weight.squeeze()
    if values.ndim == 1:
        values = values[None, None, :, None]
    elif values.ndim == 2:
        values = (values.T if values.shape[0] > values.shape[1] else values)[None, :, :, None]
    elif values.ndim == 3:
        values = values.transpose(2, 0, 1)[..., None]
    is_picture = values.ndim == 4 and values.shape[-1] in (1, 3, 4)
    return values if is_picture else None


def write_graph(writer: Any, model: Any) -> None:
    """Write a model's architecture as JSON, from which TensorBoard draws the tab Graphs.

    A model without a configuration, such as a subclassed one, is skipped.
    """
    try:
        text = model.to_json()
    except (KplugError, NotImplementedError) as error:
        warn(f"TensorBoard: the graph of model {model.name!r} is not written: {error}")
        return
    proto: Any = import_extra(_OWNER, "tensorboard.compat.proto.summary_pb2", "tensorboard")
    tensors: Any = import_extra(_OWNER, "tensorboard.util.tensor_util", "tensorboard")
    plugin = proto.SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
    value = proto.Summary.Value(
        tag="keras",
        metadata=proto.SummaryMetadata(plugin_data=plugin),
        tensor=tensors.make_tensor_proto(text),
    )
    writer.file_writer.add_summary(proto.Summary(value=[value]), 0)
