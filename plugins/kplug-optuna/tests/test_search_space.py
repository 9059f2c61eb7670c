"""Spaces of components: which parameters a study sees, what a trial tries, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import optuna
import pytest
from kplug_optuna import SearchSpace
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler

import kplug
from kplug import Component, Range, Spec, search_ranges
from kplug.errors import ArgumentError, ArgumentValueError, ContractError, UnknownComponentError

OPTIMIZERS = ["adamw", "lion(weight_decay=0.1)", "sgd(0.5, momentum=0.9)"]
ARGUMENTS = {"adamw": ["lr", "weight_decay"], "lion": ["lr"], "sgd": []}


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def _search(space: SearchSpace, trials: int, sampler: BaseSampler) -> tuple[Any, list[Spec]]:
    tried: list[Spec] = []

    def objective(trial: optuna.Trial) -> float:
        spec = space.suggest(trial)
        tried.append(spec)
        return float(len(tried) % 5)

    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=trials)
    return study, tried


@pytest.mark.parametrize("sampler", ["random", "tpe", "multivariate"])
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_trial_has_the_arguments_of_what_it_has_chosen_alone(sampler: str) -> None:
    early: dict[str, Any] = {"seed": 1, "n_startup_trials": 5}
    samplers: dict[str, Callable[[], BaseSampler]] = {
        "random": lambda: RandomSampler(seed=1),
        "tpe": lambda: TPESampler(**early),
        "multivariate": lambda: TPESampler(**early, multivariate=True, group=True),
    }
    study, tried = _search(SearchSpace("optimizer", OPTIMIZERS), 25, samplers[sampler]())
    chosen = {spec.ref for spec in tried}
    assert chosen == set(ARGUMENTS)
    for trial, spec in zip(study.trials, tried, strict=True):
        expected = ["optimizer", *(f"optimizer.{spec.ref}.{name}" for name in ARGUMENTS[spec.ref])]
        assert list(trial.params) == expected
        fixed = kplug.parse_spec(trial.params["optimizer"])
        found = {name: trial.params[f"optimizer.{spec.ref}.{name}"] for name in ARGUMENTS[spec.ref]}
        assert spec == fixed.replace(**found)
        kplug.resolve("optimizer", spec)


@pytest.mark.slow
def test_every_trial_gives_the_spec_again_from_a_storage(tmp_path: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    space = SearchSpace("optimizer", OPTIMIZERS)
    study = optuna.create_study(storage=storage, study_name="a", sampler=RandomSampler(seed=1))
    tried: list[Spec] = []

    def objective(trial: optuna.Trial) -> float:
        tried.append(space.suggest(trial))
        return float(trial.number)

    study.optimize(objective, n_trials=8)
    again = optuna.load_study(storage=storage, study_name="a")
    assert [space.suggest(trial) for trial in again.trials] == tried
    assert space.suggest(again.best_trial) == tried[0]
    assert kplug.parse_spec(str(tried[0])) == tried[0]


def test_a_grid_goes_over_components_and_arguments() -> None:
    space = SearchSpace("optimizer", ["sgd(momentum=0.9)", "adam"])
    values: dict[str, list[Any]] = {
        "optimizer": ["sgd(momentum=0.9)", "adam"],
        "optimizer.sgd.lr": [0.125, 0.25],
        "optimizer.adam.lr": [0.03125, 0.0625],
    }
    assert values.keys() == space.distributions.keys()
    _, tried = _search(space, 8, GridSampler(values, seed=0))
    assert set(map(str, tried)) == {
        "sgd(momentum=0.9, lr=0.125)",
        "sgd(momentum=0.9, lr=0.25)",
        "adam(lr=0.03125)",
        "adam(lr=0.0625)",
    }


def test_given_ranges_count_before_those_of_the_author() -> None:
    space = SearchSpace(
        "optimizer",
        {
            "adamw": {
                "learning_rate": Range(0.25, 0.5),
                "weight_decay": None,
                "amsgrad": (True, False),
            },
            "adam(learning_rate=0.5)": {},
        },
        name="solver",
    )
    assert {name: str(one) for name, one in space.distributions.items()} == {
        "solver": "CategoricalDistribution(choices=('adamw', 'adam(learning_rate=0.5)'))",
        "solver.adamw.learning_rate": "FloatDistribution(high=0.5, log=False, low=0.25, step=None)",
        "solver.adamw.amsgrad": "CategoricalDistribution(choices=(True, False))",
    }


def test_one_component_may_be_there_twice() -> None:
    space = SearchSpace("optimizer", ["sgd(momentum=0.5)", "sgd(momentum=0.9)"])
    assert list(space.distributions) == [
        "optimizer",
        "optimizer.sgd(momentum=0.5).lr",
        "optimizer.sgd(momentum=0.9).lr",
    ]
    assert list(SearchSpace("loss", ["0.5*dice + bce", "dice + bce"]).distributions) == ["loss"]


@search_ranges(order=Range(1, 4), edges=((1, 2), (3, 4)), smooth=Range(0.0, 1.0, step=0.25))
def _gap(y_true: Any, y_pred: Any, order: int = 1, edges: Any = (), smooth: float = 0.0) -> Any:
    return (y_true - y_pred).abs() ** order + smooth + len(edges)


def test_integers_steps_and_choices_keep_their_types() -> None:
    with kplug.scope(losses={"gap": _gap}):
        space = SearchSpace("loss", ["gap"])
        _, tried = _search(space, 20, RandomSampler(seed=0))
    assert {type(spec.kwargs["order"]) for spec in tried} == {int}
    assert {spec.kwargs["order"] for spec in tried} == {1, 2, 3, 4}
    assert {spec.kwargs["edges"] for spec in tried} == {(1, 2), (3, 4)}
    assert {spec.kwargs["smooth"] for spec in tried} == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_an_object_of_another_library_has_ranges_by_its_declaration() -> None:
    ranges = {"negative_slope": Range(0.0, 0.5)}
    target = "torch.nn.functional:leaky_relu"
    leaky = Component("leaky", target, role="function", search_ranges=ranges)
    with kplug.scope(activations={"leaky": leaky}):
        space = SearchSpace("activation", ["leaky"])
    assert list(space.distributions) == ["activation", "activation.leaky.negative_slope"]
    assert list(SearchSpace("optimizer", ["torch/adamw"]).distributions) == [
        "optimizer",
        "optimizer.torch/adamw.lr",
        "optimizer.torch/adamw.weight_decay",
    ]


@pytest.mark.parametrize(
    ("ranges", "text"),
    [
        (
            {"momentum": Range(0.5, 1.5)},
            "the optimizer 'sgd' is searched with momentum from 0.5 to 1.5, and refuses momentum=1.5: "
            "sgd: argument 'momentum' is 1.5; allowed: a number in [0, 1]\n"
            "  Give a range that it allows: SearchSpace('optimizer', {'sgd': {'momentum': kplug.Range(low, "
            "high)}}).",
        ),
        (
            {"nesterov": (True, "no")},
            "the optimizer 'sgd' is searched with nesterov from True or 'no', and refuses nesterov='no': "
            "sgd: argument 'nesterov' is 'no'; allowed: True or False\n"
            "  Give a range that it allows: SearchSpace('optimizer', {'sgd': {'nesterov': kplug.Range(low, "
            "high)}}).",
        ),
    ],
)
def test_a_range_that_the_argument_refuses_is_refused(ranges: Any, text: str) -> None:
    with pytest.raises(ContractError) as caught:
        SearchSpace("optimizer", {"adam": {}, "sgd": ranges})
    assert str(caught.value) == text


def test_a_range_of_the_author_that_the_argument_refuses_is_refused() -> None:
    wrong = Component("wrong", "kplug.losses:Huber", search_ranges={"delta": Range(-1.0, 1.0)})
    with kplug.scope(losses={"wrong": wrong}), pytest.raises(ContractError, match=r"delta=-1\.0"):
        SearchSpace("loss", ["mse", "wrong"])


@pytest.mark.parametrize(
    ("candidates", "error", "text"),
    [
        (["adma"], UnknownComponentError, "Did you mean 'adam'"),
        ({"sgd": {"momentun": Range(0.0, 0.5)}}, ArgumentError, "Did you mean 'momentum'"),
        (["sgd(momentun=0.5)"], ArgumentError, "Did you mean 'momentum'"),
        (["exponential_decay"], kplug.KplugError, "schedule"),
        ([], ArgumentValueError, "one or more components, each given once"),
        (["sgd", "sgd"], ArgumentValueError, "one or more components, each given once"),
        ({"sgd": {"lr": 0.5}}, ArgumentValueError, "a kplug.Range, a tuple of choices, or None"),
    ],
)
def test_what_is_no_space_is_said(candidates: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        SearchSpace("optimizer", candidates)


def test_a_missing_argument_is_named_when_the_space_is_made() -> None:
    with pytest.raises(kplug.KplugError, match="dice_loss needs 'thresh'"):
        SearchSpace("loss", ["kplug-segmentation/dice_loss"])


def test_spaces_go_into_one_another() -> None:
    rates = SearchSpace("schedule", {"cosine_decay(0.1)": {"decay_steps": Range(10, 100)}})
    trial = optuna.trial.FixedTrial(
        {
            "schedule": "cosine_decay(0.1)",
            "schedule.cosine_decay.decay_steps": 20,
            "optimizer": "sgd(momentum=0.5)",
        }
    )
    optimizers = SearchSpace("optimizer", {"sgd(momentum=0.5)": {"lr": None}})
    spec = optimizers.suggest(trial).replace(lr=rates.suggest(trial))
    assert str(spec) == "sgd(momentum=0.5, lr=cosine_decay(0.1, decay_steps=20))"


def test_a_partial_is_no_candidate() -> None:
    with pytest.raises(kplug.KplugError, match="is no text"):
        SearchSpace("loss", [partial(_gap, order=2)])  # type: ignore[list-item]
