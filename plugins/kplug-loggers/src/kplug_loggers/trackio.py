"""The `Trackio` callback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from kplug_loggers.description import Table
from kplug_loggers.logger import Run, RunLogger
from kplug_loggers.runs import RunOfArtifacts


class Trackio(RunLogger):
    """Log each training as a run of Trackio.

    Runs lie in the folder that ``TRACKIO_DIR`` names, or in Hugging Face's cache; ``trackio show`` shows
    them.

    Args:
        project: The name of the project.
        name: The name of the run, which is its id, too; None for one that Trackio makes up.
        space_id: A space of Hugging Face that is sent the run; None keeps it on this machine.
        params: Further parameters of the run, by name.
        update_freq: ``"epoch"``, or a number of steps >= 1 after which the logs of steps are logged, too, as
            ``batch/<log>``.
        log_model: Whether the model is logged when ``fit`` ends, as an artifact ``run-<name>-model``.
        run_id: The name of a run to continue; None begins one.
        timeout: The seconds that one call of Trackio may take, > 0.

    Raises:
        MissingLibraryError: Trackio is not installed.
        ArgumentValueError: An argument is out of its range.

    Reference:
        https://huggingface.co/docs/trackio.
    """

    library = "trackio"

    def __init__(
        self,
        project: str = "kplug",
        name: str | None = None,
        space_id: str | None = None,
        params: Mapping[str, Any] | None = None,
        update_freq: str | int = "epoch",
        log_model: bool = True,
        run_id: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        super().__init__(params, update_freq, log_model, run_id, timeout)
        self.project, self.name, self.space_id = project, name, space_id

    @override
    def start(self, run_id: str | None) -> Run:
        module = self.import_library()
        run = module.init(
            project=self.project,
            name=self.name if run_id is None else run_id,
            space_id=self.space_id,
            resume="never" if run_id is None else "allow",
            embed=False,
        )
        return _TrackioRun(module, run, str(run.name))


class _TrackioRun(RunOfArtifacts):
    def log_params(self, params: Mapping[str, Any]) -> None:
        self.run.config.update(params)

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:
        self.run.log({**metrics, axis: number}, step=number)

    def log_table(self, name: str, table: Table) -> None:
        import pandas as pd  # Trackio requires it

        rows = pd.DataFrame(list(table.rows), columns=list(table.columns))
        self.run.log({name: self.module.Table(dataframe=rows)}, step=0)

    def finish(self, error: BaseException | None = None) -> None:  # noqa: ARG002 - it knows no failures
        self.run.finish()
