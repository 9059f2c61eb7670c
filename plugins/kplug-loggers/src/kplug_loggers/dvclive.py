"""The `DVCLive` callback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug.components.arguments import require_flag, require_path
from kplug_loggers.description import Signature
from kplug_loggers.logger import Run, RunLogger
from kplug_loggers.runs import RunOfFiles


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
        live = self.import_library().Live(
            self.dir,
            resume=run_id is not None,
            save_dvc_exp=self.save_dvc_exp,
            dvcyaml=self.dvcyaml,
        )
        return _DVCLiveRun(live, str(live.dir))


@dataclass
class _DVCLiveRun(RunOfFiles):
    live: Any
    run_id: str

    def log_params(self, params: Mapping[str, Any]) -> None:
        self.live.log_params(dict(params))

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:
        self.live.step = number
        for name, value in metrics.items():
            self.live.log_metric(name, value)
        if axis == "epoch":
            self.live.make_summary()

    @override
    def log_file(self, file: Path) -> None:
        folder = Path(self.live.artifacts_dir)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)

    @override
    def log_model(self, file: Path, signature: Signature | None) -> None:
        from dvclive.dvc import get_dvc_repo

        super().log_model(file, signature)
        if get_dvc_repo() is not None:  # it has a cache, and is told of the model
            path = str(Path(self.live.artifacts_dir, file.name))
            self.live.log_artifact(path, type="model", name="model")

    def finish(self, error: BaseException | None = None) -> None:  # noqa: ARG002 - it knows no failures
        self.live.end()
