"""The `ClearML` callback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug.components.arguments import require_flag
from kplug_loggers.description import Signature, Table
from kplug_loggers.logger import Run, RunLogger


class ClearML(RunLogger):
    """Log each training as a task of ClearML.

    With ``offline=True`` the task is a zip file in ClearML's cache until ``Task.import_offline_session``
    sends it, and ClearML stays offline in this process. ClearML has one task at a time in a process, so
    nothing is logged while the program has one of its own. ClearML writes metrics in the background; what
    fails there is said by its own messages. Its logging of arguments, frameworks and resources is off, and
    so is its seed.

    Args:
        project: The name of the project.
        name: The name of the task; None for that of the program.
        offline: Whether the task stays on this machine; None for what ``CLEARML_OFFLINE_MODE`` says.
        params: Further parameters of the run, by name.
        update_freq: ``"epoch"``, or a number of steps >= 1 after which the logs of steps are logged, too, as
            ``batch/<log>``.
        log_model: Whether the model is logged when ``fit`` ends, as an artifact.
        run_id: The id of a task to continue; None begins one.
        timeout: The seconds that one call of ClearML may take, > 0. It asks a server that does not answer
            again for minutes.

    Raises:
        MissingLibraryError: ClearML is not installed.
        ArgumentValueError: An argument is out of its range.

    Reference:
        https://clear.ml/docs/latest/docs/references/sdk/task.
    """

    library = "clearml"

    def __init__(
        self,
        project: str = "kplug",
        name: str | None = None,
        offline: bool | None = None,
        params: Mapping[str, Any] | None = None,
        update_freq: str | int = "epoch",
        log_model: bool = True,
        run_id: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        super().__init__(params, update_freq, log_model, run_id, timeout)
        self.project, self.name = project, name
        self.offline = None if offline is None else require_flag("ClearML", "offline", offline)

    @override
    def start(self, run_id: str | None) -> Run:
        module = self.import_library()
        own = module.Task.current_task()
        if own is not None:
            raise RuntimeError(
                f"the program has the task {own.id} of its own, and ClearML has one at a time; close it first"
            )
        seed = module.Task.get_random_seed(module.Task)
        if self.offline is not None:
            module.Task.set_offline(self.offline)
        # ClearML's process for reports is waited for 10 seconds when a task ends, a thread for none.
        module.Task._report_subprocess_enabled = False
        module.Task.set_random_seed(None)  # it would seed Python, NumPy and torch
        try:
            task = module.Task.init(
                project_name=self.project,
                task_name=self.name,
                reuse_last_task_id=False if run_id is None else run_id,
                continue_last_task=0,  # without an offset of the steps
                auto_connect_arg_parser=False,
                auto_connect_frameworks=False,
                auto_resource_monitoring=False,
                auto_connect_streams=False,
            )
        finally:
            module.Task.set_random_seed(seed)
        if module.Task.current_task() is None:  # what `init` returns then is an empty shell
            raise RuntimeError(
                "ClearML logs nothing in a process that one with a task has started; "
                "start it without CLEARML_PROC_MASTER_ID and TRAINS_PROC_MASTER_ID"
            )
        return _ClearMLRun(task, str(task.id))


@dataclass
class _ClearMLRun:
    task: Any
    run_id: str

    def log_params(self, params: Mapping[str, Any]) -> None:
        self.task.set_parameters({f"kplug/{name}": value for name, value in params.items()})

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:  # noqa: ARG002
        for name, value in metrics.items():  # a metric and its validation share a plot
            self.task.get_logger().report_scalar(name.removeprefix("val_"), name, value, number)

    def log_table(self, name: str, table: Table) -> None:
        rows = [list(table.columns), *(list(row) for row in table.rows)]
        self.task.get_logger().report_table(name, name, 0, table_plot=rows)

    def log_file(self, file: Path) -> None:
        self.task.upload_artifact(file.name, str(file), wait_on_upload=True)

    def log_model(self, file: Path, signature: Signature | None) -> None:
        # ClearML's own models cannot be made offline: `OutputModel.update_weights` raises AttributeError.
        described = {} if signature is None else asdict(signature)
        metadata = {name: json.dumps(tensors) for name, tensors in described.items()}
        self.task.upload_artifact(file.name, str(file), metadata, wait_on_upload=True)

    def finish(self, error: BaseException | None = None) -> None:  # noqa: ARG002 - it knows no failures
        self.task.close()
