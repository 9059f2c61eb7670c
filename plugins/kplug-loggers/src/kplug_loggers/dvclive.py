"""The `DVCLive` callback."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug.components.arguments import require_flag, require_path
from kplug_loggers.description import Signature, Table
from kplug_loggers.files import write_signature, write_table
from kplug_loggers.logger import Run, RunLogger


class DVCLive(RunLogger):
    """Log each training to the files of DVCLive.

    Metrics are in ``<dir>/metrics.json`` and ``<dir>/plots``, parameters in ``<dir>/params.yaml``, files in
    ``<dir>/artifacts``. In a repository of DVC, the model is in its cache and in ``dvc.yaml``.

    Args:
        dir: The folder of the files; a new run replaces those of the last one.
        save_dvc_exp: Whether DVC saves an experiment in the Git repository when the run ends.
        dvcyaml: The file ``dvc.yaml`` that DVCLive writes; None for none.
        params: Further parameters of the run, by name.
        update_freq: ``"epoch"``, or a number of steps >= 1 after which the logs of steps are logged, too, as
            ``batch/<log>``.
        log_model: Whether the model is logged when ``fit`` ends.
        run_id: Any text continues what is in the folder; None begins a run.
        timeout: The seconds that one call of DVCLive may take, > 0.

    Raises:
        MissingLibraryError: DVCLive is not installed.
        ArgumentValueError: An argument is out of its range.

    Reference:
        https://dvc.org/doc/dvclive/live. ``dvclive.keras.DVCLiveCallback`` needs TensorFlow.
    """

    library = "dvclive"

    def __init__(
        self,
        dir: str | os.PathLike[str] = "dvclive",
        save_dvc_exp: bool = True,
        dvcyaml: str | None = "dvc.yaml",
        params: Mapping[str, Any] | None = None,
        update_freq: str | int = "epoch",
        log_model: bool = True,
        run_id: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        super().__init__(params, update_freq, log_model, run_id, timeout)
        require_path("DVCLive", "dir", dir, "the name of a folder")
        self.dir, self.dvcyaml = os.fspath(dir), dvcyaml
        self.save_dvc_exp = require_flag("DVCLive", "save_dvc_exp", save_dvc_exp)

    @override
    def start(self, run_id: str | None) -> Run:
        return _DVCLiveRun(
            self.import_library().Live(
                self.dir,
                resume=run_id is not None,
                save_dvc_exp=self.save_dvc_exp,
                dvcyaml=self.dvcyaml,
            )
        )


class _DVCLiveRun:
    def __init__(self, live: Any) -> None:
        self._live = live

    @property
    def run_id(self) -> str:
        return str(self._live.dir)

    def log_params(self, params: Mapping[str, Any]) -> None:
        self._live.log_params(dict(params))

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:
        self._live.step = number
        for name, value in metrics.items():
            self._live.log_metric(name, value)
        if axis == "epoch":
            self._live.make_summary()

    def log_table(self, name: str, table: Table) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.log_file(write_table(Path(folder), name, table))

    def log_file(self, file: Path) -> None:
        folder = Path(self._live.artifacts_dir)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)

    def log_model(self, file: Path, signature: Signature | None) -> None:
        from dvclive.dvc import get_dvc_repo

        if signature is not None:
            self.log_file(write_signature(file.parent, signature))
        self.log_file(file)
        if get_dvc_repo() is not None:  # it has a cache, and is told of the model
            path = str(Path(self._live.artifacts_dir, file.name))
            self._live.log_artifact(path, type="model", name="model")

    def finish(self, error: BaseException | None = None) -> None:  # noqa: ARG002 - it knows no failures
        self._live.end()
