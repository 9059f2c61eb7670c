"""The `Comet` callback."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug.components.arguments import require_flag
from kplug_loggers.description import Signature, Table
from kplug_loggers.logger import Run, RunLogger


class Comet(RunLogger):
    """Log each training as an experiment of Comet.

    With ``online=False`` the experiment is a zip file in ``offline_directory`` until ``comet upload`` sends
    it. A resumed run then has a second file of the same experiment, which is to be sent after the first.
    Comet's own logging of parameters and metrics is off.

    Args:
        project_name: The name of the project; None for Comet's own setting.
        workspace: The workspace; None for Comet's own setting.
        name: The name of the experiment; None for one that Comet makes up.
        online: Whether the experiment is sent to the server; None for what ``COMET_START_ONLINE`` says.
        offline_directory: The folder of offline experiments; None for Comet's own setting.
        params: Further parameters of the run, by name.
        update_freq: ``"epoch"``, or a number of steps >= 1 after which the logs of steps are logged, too, as
            ``batch/<log>``.
        log_model: Whether the model is logged when ``fit`` ends.
        run_id: The key of an experiment to continue; None begins one.
        timeout: The seconds that one call of Comet may take, > 0.

    Raises:
        MissingLibraryError: Comet is not installed.
        ArgumentValueError: An argument is out of its range.

    Reference:
        https://www.comet.com/docs/v2/api-and-sdk/python-sdk/reference/start/. ``comet_ml.integration`` logs
        Keras's trainings.
    """

    library = "comet_ml"

    def __init__(
        self,
        project_name: str | None = None,
        workspace: str | None = None,
        name: str | None = None,
        online: bool | None = None,
        offline_directory: str | os.PathLike[str] | None = None,
        params: Mapping[str, Any] | None = None,
        update_freq: str | int = "epoch",
        log_model: bool = True,
        run_id: str | None = None,
        timeout: float = 120.0,
    ) -> None:
        super().__init__(params, update_freq, log_model, run_id, timeout)
        self.project_name, self.workspace, self.name = project_name, workspace, name
        self.online = None if online is None else require_flag("Comet", "online", online)
        self.offline_directory = None if offline_directory is None else os.fspath(offline_directory)

    @override
    def start(self, run_id: str | None) -> Run:
        module = self.import_library()
        experiment = module.start(
            project_name=self.project_name,
            workspace=self.workspace,
            online=self.online,
            mode="create" if run_id is None else "get",
            experiment_key=run_id,
            experiment_config=module.ExperimentConfig(
                name=self.name,
                offline_directory=self.offline_directory,
                auto_param_logging=False,
                auto_metric_logging=False,
                display_summary_level=0,
            ),
        )
        if not experiment.alive:  # Comet has said why, and would go on without logging
            raise ConnectionError("no experiment could be started; Comet's own messages say why")
        return _CometRun(experiment, str(experiment.get_key()))


@dataclass
class _CometRun:
    experiment: Any
    run_id: str

    def log_params(self, params: Mapping[str, Any]) -> None:
        self.experiment.log_parameters(dict(params))

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:
        self.experiment.log_metrics(
            dict(metrics), step=number, epoch=number if axis == "epoch" else None
        )

    def log_table(self, name: str, table: Table) -> None:
        rows = [list(row) for row in table.rows]
        self.experiment.log_table(f"{name}.csv", rows, headers=list(table.columns))

    def log_file(self, file: Path) -> None:
        self.experiment.log_asset(str(file), copy_to_tmp=True)

    def log_model(self, file: Path, signature: Signature | None) -> None:
        metadata = None if signature is None else asdict(signature)
        self.experiment.log_model("model", str(file), metadata=metadata, copy_to_tmp=True)

    def finish(self, error: BaseException | None = None) -> None:  # noqa: ARG002 - it knows no failures
        self.experiment.end()
