"""Pruning: what a trial is told, when it ends, and whose trial it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from kplug_authoring import ContractCase, check_contract, contract_cases
from kplug_optuna import OptunaPruning, SearchSpace
from kplug_optuna.current_trial import CURRENT
from optuna.trial import FixedTrial, TrialState

import kplug
from kplug.callbacks import LambdaCallback
from kplug.errors import ArgumentValueError, ContractError
from kplug.layers import Dense

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


@pytest.fixture(autouse=True)
def _no_trial() -> Any:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    token = CURRENT.set(None)
    yield
    CURRENT.reset(token)


class _AtEpoch(optuna.pruners.BasePruner):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def prune(self, study: Any, trial: Any) -> bool:
        return bool(trial.number % 2 and trial.last_step == self.epoch)


def _fit(optimizer: Any, *callbacks: Any, epochs: int = 4) -> Any:
    model = kplug.Sequential([Dense(1, input_dim=3, name="score")])
    model.compile(optimizer, "mse", metrics=["mae"])
    options: dict[str, Any] = {"epochs": epochs, "verbose": 0, "validation_data": (X, Y)}
    return model.fit(X, Y, callbacks=list(callbacks), **options)


def _study(**options: Any) -> optuna.Study:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), **options)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_trial_is_told_each_epoch_of_its_own(jobs: int) -> None:
    space = SearchSpace("optimizer", ["sgd", "adam"])
    histories: dict[int, Any] = {}

    def objective(trial: optuna.Trial) -> float:
        history = _fit(space.suggest(trial), "optuna_pruning").history
        histories[trial.number] = history["val_loss"]
        return float(history["val_loss"][-1])

    study = _study(pruner=optuna.pruners.NopPruner())
    study.optimize(objective, n_trials=4, n_jobs=jobs)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 4
    for trial in study.trials:
        assert trial.intermediate_values == dict(enumerate(histories[trial.number]))


def test_a_trial_is_pruned_once_other_callbacks_have_finished() -> None:
    space = SearchSpace("optimizer", ["sgd"])
    ended: list[int] = []

    def objective(trial: optuna.Trial) -> float:
        log = LambdaCallback(on_train_end=lambda logs: ended.append(trial.number))
        by_name = ["optuna_pruning(monitor='val_mae')", log]
        return float(_fit(space.suggest(trial), *by_name).history["val_mae"][-1])

    study = _study(pruner=_AtEpoch(1))
    study.optimize(objective, n_trials=2)
    full, pruned = study.trials
    assert (full.state, len(full.intermediate_values)) == (TrialState.COMPLETE, 4)
    assert (pruned.state, len(pruned.intermediate_values)) == (TrialState.PRUNED, 2)
    assert ended == [0, 1]


def test_a_pruned_trial_keeps_no_backup(tmp_path: Any) -> None:
    def objective(trial: optuna.Trial) -> float:
        backup = f"backup_and_restore({str(tmp_path / str(trial.number))!r})"
        _fit("sgd", OptunaPruning(trial=trial), backup)
        return 0.0

    study = _study(pruner=_AtEpoch(0))
    study.optimize(objective, n_trials=2)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE, TrialState.PRUNED]
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_a_trial_has_the_components_of_its_model() -> None:
    def objective(trial: optuna.Trial) -> float:
        _fit("sgd(lr=0.25)", OptunaPruning(trial=trial))
        return 0.0

    study = _study()
    study.optimize(objective, n_trials=1)
    rows = {row["slot"]: row for row in study.best_trial.user_attrs["components"]}
    assert rows["optimizer"] == {
        "slot": "optimizer",
        "component": "kplug/sgd(lr=0.25)",
        "package": f"kplug {kplug.__version__}",
    }
    assert rows["score.kernel_initializer"]["component"].startswith("kplug/glorot_uniform")


def test_what_a_study_has_found_trains_again_with_the_same_callbacks() -> None:
    space = SearchSpace("optimizer", ["sgd"])

    def objective(trial: optuna.Trial) -> float:
        return float(_fit(space.suggest(trial), "optuna_pruning").history["val_loss"][-1])

    study = _study()
    study.optimize(objective, n_trials=1)
    with pytest.raises(ContractError) as caught:
        _fit("sgd", "optuna_pruning")
    message, hint = str(caught.value).split("\n")
    assert message.startswith("OptunaPruning: trial 0 cannot be reported to: ")
    assert hint == "  Leave the callback out of trainings after the study."
    _fit(space.suggest(study.best_trial), "optuna_pruning")


def test_without_a_trial_it_says_where_one_comes_from() -> None:
    with pytest.raises(ContractError) as caught:
        _fit("sgd", "optuna_pruning")
    assert str(caught.value) == (
        "OptunaPruning: there is no trial to report 'val_loss' to\n"
        "  Call SearchSpace(…).suggest(trial) in the objective, or give OptunaPruning(trial=trial)."
    )


@pytest.mark.parametrize(
    ("direction", "monitor", "is_refused"),
    [
        ("maximize", "val_loss", True),
        ("minimize", "val_loss", False),
        ("maximize", "val_mae", True),
    ],
)
def test_a_log_that_the_study_has_the_wrong_way_round_is_refused(
    direction: str, monitor: str, is_refused: bool
) -> None:
    def objective(trial: optuna.Trial) -> float:
        _fit("sgd", OptunaPruning(monitor, trial))
        return 0.0

    study = _study(direction=direction)
    if not is_refused:
        study.optimize(objective, n_trials=1)
        return
    with pytest.raises(ArgumentValueError) as caught:
        study.optimize(objective, n_trials=1)
    assert str(caught.value) == (
        f"OptunaPruning: argument 'monitor' is {monitor!r}; allowed: a log that is better as the study "
        "maximizes it"
    )


def test_what_is_no_trial_is_refused() -> None:
    with pytest.raises(ArgumentValueError, match="None, or a trial of Optuna"):
        OptunaPruning(trial=3)


CASES = contract_cases("kplug-optuna")


@pytest.mark.sampled
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case: ContractCase) -> None:
    CURRENT.set(FixedTrial({}))
    check_contract(case)


def test_a_frozen_trial_prunes_nothing() -> None:
    run: Callable[..., Any] = _fit
    assert len(run("sgd", OptunaPruning(trial=FixedTrial({}))).history["loss"]) == 4
