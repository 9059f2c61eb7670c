"""The `MLflow` callback."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug_loggers.description import Signature, Table
from kplug_loggers.logger import Run, RunLogger
from kplug_loggers.mlflow_model import write_model

_MOST_PARAMS = 100  # in one call


class MLflow(RunLogger):
    """Log each training as a run of MLflow.

    MLflow keeps the model with its signature, so ``mlflow.pyfunc.load_model("runs:/<run_id>/model")`` loads
    it, and ``mlflow models serve`` serves it. Both need kplug and the plugins that the logged lock names.

    Args:
        experiment: The name of the experiment, which is made if it is new; None for what
            ``MLFLOW_EXPERIMENT_NAME`` says, or ``"Default"``.
        tracking_uri: Where MLflow keeps its runs, such as ``"sqlite:///mlflow.db"`` or the address of a
            server; None for MLflow's own setting.
        run_name: The name of the run; None for one that MLflow makes up.
        params: Further parameters of the run, by name.
        update_freq: ``"epoch"``, or a number of steps >= 1 after which the logs of steps are logged, too, as
            ``batch/<log>``.
        log_model: Whether the model is logged when ``fit`` ends.
        run_id: A run to continue; None begins one.
        timeout: The seconds that one call of MLflow may take, > 0. It asks a server that does not answer
            again for minutes.

    Raises:
        MissingLibraryError: MLflow is not installed.
        ArgumentValueError: An argument is out of its range.

    Reference:
        https://mlflow.org/docs/latest/ml/tracking/. Steps of epochs are numbered from 0, as by
        ``mlflow.keras.MlflowCallback``, which needs Keras.
    """

    library = "mlflow"

    def __init__(
        self,
        experiment: str | None = None,
        tracking_uri: str | None = None,
        run_name: str | None = None,
        params: Mapping[str, Any] | None = None,
        update_freq: str | int = "epoch",
        log_model: bool = True,
        run_id: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        super().__init__(params, update_freq, log_model, run_id, timeout)
        self.experiment, self.tracking_uri, self.run_name = experiment, tracking_uri, run_name

    @override
    def start(self, run_id: str | None) -> Run:
        client = self.import_library().MlflowClient(self.tracking_uri)
        if run_id is not None:
            client.update_run(run_id, status="RUNNING")
            return _MLflowRun(client, run_id)
        name = self.experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "Default"
        found = client.get_experiment_by_name(name)
        experiment_id = client.create_experiment(name) if found is None else found.experiment_id
        made = client.create_run(experiment_id, run_name=self.run_name)
        return _MLflowRun(client, made.info.run_id)


class _MLflowRun:
    """A run of MLflow, through a client: the active run of the program is left alone."""

    def __init__(self, client: Any, run_id: str) -> None:
        self._client, self.run_id = client, run_id

    def log_params(self, params: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        known = self._client.get_run(
            self.run_id
        ).data.params  # of which MLflow takes no other value
        made = [Param(name, str(value)) for name, value in params.items() if name not in known]
        for start in range(0, len(made), _MOST_PARAMS):
            self._client.log_batch(self.run_id, params=made[start : start + _MOST_PARAMS])

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:  # noqa: ARG002
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        made = [Metric(name, value, now, number) for name, value in metrics.items()]
        self._client.log_batch(self.run_id, metrics=made)

    def log_table(self, name: str, table: Table) -> None:
        columns = {
            column: [row[place] for row in table.rows] for place, column in enumerate(table.columns)
        }
        self._client.log_table(self.run_id, columns, f"{name}.json")

    def log_file(self, file: Path) -> None:
        self._client.log_artifact(self.run_id, str(file))

    def log_model(self, file: Path, signature: Signature | None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            write_model(Path(folder), file, signature, self.run_id)
            self._client.log_artifacts(self.run_id, folder, "model")

    def finish(self, error: BaseException | None = None) -> None:
        status = "FAILED" if isinstance(error, Exception) else "KILLED"  # by Ctrl-C
        self._client.set_terminated(self.run_id, "FINISHED" if error is None else status)
