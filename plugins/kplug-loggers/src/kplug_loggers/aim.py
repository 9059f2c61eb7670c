"""The `Aim` callback."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug_loggers.logger import Run, RunLogger
from kplug_loggers.runs import RunOfFiles


class Aim(RunLogger):
    """Log each training as a run of Aim.

    Runs lie in the folder ``.aim`` of a repository; ``aim up`` shows them.

    Args:
        repo: The folder of the repository, or the address of a server (``aim://…``); None for the repository
            of the working directory.
        experiment: The name of the experiment; None for ``"default"``.
        name: The name of the run; None for one that Aim makes up.
        artifacts_uri: Where files and models lie, such as ``s3://bucket/runs``; None for ``.aim/artifacts``
            in a repository that is a folder. With a server and None, none are logged.
        params: Further parameters of the run, by name.
        update_freq: ``"epoch"``, or a number of steps >= 1 after which the logs of steps are logged, too, as
            ``batch/<log>``.
        log_model: Whether the model is logged when ``fit`` ends.
        run_id: The hash of a run to continue; None begins one.
        timeout: The seconds that one call of Aim may take, > 0.

    Raises:
        MissingLibraryError: Aim is not installed.
        ArgumentValueError: An argument is out of its range.

    Reference:
        https://aimstack.readthedocs.io/en/latest/using/manage_runs.html. ``aim.keras`` needs TensorFlow.
    """

    library = "aim"

    def __init__(
        self,
        repo: str | os.PathLike[str] | None = None,
        experiment: str | None = None,
        name: str | None = None,
        artifacts_uri: str | None = None,
        params: Mapping[str, Any] | None = None,
        update_freq: str | int = "epoch",
        log_model: bool = True,
        run_id: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        super().__init__(params, update_freq, log_model, run_id, timeout)
        self.repo = None if repo is None else os.fspath(repo)
        self.experiment, self.name, self.artifacts_uri = experiment, name, artifacts_uri

    @override
    def start(self, run_id: str | None) -> Run:
        run = self.import_library().Run(
            run_id,
            repo=self.repo,
            experiment=self.experiment if run_id is None else None,
            system_tracking_interval=None,
            capture_terminal_logs=False,
        )
        if self.name is not None and run_id is None:
            run.name = self.name
        folder, uri = Path(str(run.repo.path)), self.artifacts_uri
        if uri is None and folder.is_dir():
            uri = (
                f"file://{folder.resolve()}/artifacts"  # Aim takes %20 for a name, not for a space
            )
        if uri is not None:
            run.set_artifacts_uri(uri)
        return _AimRun(run, str(run.hash))


@dataclass
class _AimRun(RunOfFiles):
    run: Any
    run_id: str

    def log_params(self, params: Mapping[str, Any]) -> None:
        self.run["params"] = dict(params)

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:
        epoch = number if axis == "epoch" else None
        for name, value in metrics.items():
            self.run.track(value, name=name, step=number, epoch=epoch)

    @override
    def log_file(self, file: Path) -> None:
        if self.run.artifacts_uri is not None:
            self.run.log_artifact(str(file), name=file.name, block=True)

    def finish(self, error: BaseException | None = None) -> None:  # noqa: ARG002 - it knows no failures
        self.run.close()
