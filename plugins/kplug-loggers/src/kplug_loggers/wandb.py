"""The `WandB` callback."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from kplug.components.arguments import require_choice
from kplug_loggers.description import Table
from kplug_loggers.logger import Run, RunLogger
from kplug_loggers.runs import RunOfArtifacts

_MODES = ("online", "offline", "disabled")


class WandB(RunLogger):
    """Log each training as a run of Weights & Biases.

    With ``mode="offline"`` the run lies in the folder ``wandb`` until ``wandb sync`` sends it. A resumed run
    then has another folder with the same id, which ``wandb sync --append`` adds to the first.

    Args:
        project: The name of the project; None for W&B's own choice.
        entity: The user or the team; None for W&B's own setting.
        name: The name of the run; None for one that W&B makes up.
        mode: ``"online"``, ``"offline"`` or ``"disabled"``; None for what ``WANDB_MODE`` says.
        dir: The folder in which W&B makes its own; None for the working directory.
        params: Further parameters of the run, by name.
        update_freq: ``"epoch"``, or a number of steps >= 1 after which the logs of steps are logged, too, as
            ``batch/<log>``.
        log_model: Whether the model is logged when ``fit`` ends, as an artifact ``run-<id>-model``.
        run_id: A run to continue; None begins one.
        timeout: The seconds that one call of W&B may take, > 0; it looks for its server for half of them.

    Raises:
        MissingLibraryError: W&B is not installed.
        ArgumentValueError: An argument is out of its range.

    Reference:
        https://docs.wandb.ai/ref/python/. ``wandb.integration.keras.WandbMetricsLogger`` needs TensorFlow.
    """

    library = "wandb"

    def __init__(
        self,
        project: str | None = None,
        entity: str | None = None,
        name: str | None = None,
        mode: str | None = None,
        dir: str | os.PathLike[str] | None = None,
        params: Mapping[str, Any] | None = None,
        update_freq: str | int = "epoch",
        log_model: bool = True,
        run_id: str | None = None,
        timeout: float = 120.0,
    ) -> None:
        super().__init__(params, update_freq, log_model, run_id, timeout)
        self.project, self.entity, self.name, self.dir = project, entity, name, dir
        self.mode = None if mode is None else require_choice("WandB", "mode", mode, _MODES)

    @override
    def start(self, run_id: str | None) -> Run:
        module = self.import_library()
        run = module.init(
            project=self.project,
            entity=self.entity,
            name=self.name,
            mode=self.mode,
            dir=self.dir,
            id=run_id,
            # Without a server there is nothing to resume; what is sent later is appended.
            resume=None if run_id is None or self.mode == "offline" else "allow",
            reinit="create_new",  # a run of the program's own is left alone
            # W&B goes on waiting when the program ends, for 90 seconds by default.
            settings={"init_timeout": self.timeout / 2},
        )
        run.define_metric("*", step_metric="epoch")
        run.define_metric("batch/*", step_metric="batch/step")
        return _WandBRun(module, run, str(run.id))


class _WandBRun(RunOfArtifacts):
    def log_params(self, params: Mapping[str, Any]) -> None:
        self.run.config.update(dict(params), allow_val_change=True)

    def log_metrics(self, metrics: Mapping[str, float], axis: str, number: int) -> None:
        # W&B's own step only grows, and counts calls.
        self.run.log({**metrics, "epoch" if axis == "epoch" else "batch/step": number})

    def log_table(self, name: str, table: Table) -> None:
        rows = [list(row) for row in table.rows]
        self.run.log({name: self.module.Table(columns=list(table.columns), data=rows)})

    def finish(self, error: BaseException | None = None) -> None:
        self.run.finish(exit_code=int(error is not None))
