"""`SearchSpace`: components and the ranges of their arguments as parameters of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import BaseTrial

from kplug import Component, Kind, Range, Spec, get_kind, parse_spec, resolve
from kplug.errors import ArgumentError, ArgumentValueError, ContractError, KplugError
from kplug.inspection import (
    Searched,
    find_component,
    find_search_ranges,
    find_spec_parameters,
    list_ends,
    load,
    write_range,
)
from kplug_optuna.current_trial import CURRENT

_RATE = frozenset({"lr", "learning_rate"})  # two spellings of one argument
_STORED = (type(None), bool, int, float, str)  # the choices that Optuna's storages keep


@dataclass(frozen=True)
class _Parameter:
    """An argument that is searched.

    Args:
        name: The name of the parameter in the study.
        distribution: Its values, as Optuna draws them.
        choices: The value for each choice; empty for a range.
    """

    name: str
    distribution: FloatDistribution | IntDistribution | CategoricalDistribution
    choices: Mapping[Any, Any]

    def suggest(self, trial: BaseTrial) -> Any:
        """Return the trial's value of the argument."""
        one = self.distribution
        if isinstance(one, CategoricalDistribution):
            return self.choices[trial.suggest_categorical(self.name, one.choices)]
        if isinstance(one, IntDistribution):
            return trial.suggest_int(self.name, one.low, one.high, step=one.step, log=one.log)
        return trial.suggest_float(self.name, one.low, one.high, step=one.step, log=one.log)


@dataclass(frozen=True)
class _Candidate:
    """A component that may be chosen, with the arguments that are fixed and those that are searched."""

    spec: Spec
    searched: Mapping[str, _Parameter]


class SearchSpace:
    """Components of one kind of which a study chooses one, with its arguments: a conditional search space.

    The choice is a parameter of the study with the kind's name, and the arguments of the chosen component
    are parameters such as ``optimizer.adamw.lr``. What is searched of a component are the ranges that its
    author states (`kplug.search_ranges`), those given here, and no argument that the spec itself has.

    Args:
        kind: The kind, such as ``"optimizer"``.
        candidates: The components, each a name or a spec; or a dict from them to ranges of their arguments: a
            `kplug.Range`, a tuple of choices, or None for an argument that is not searched.
        name: The name of the parameter; the kind's by default.

    Raises:
        ResolutionError: No component of the kind has such a name.
        ContractError: A component refuses a value of a range.
        ArgumentValueError: There is no candidate, or one is given twice.

    Example:
        >>> space = SearchSpace("optimizer", ["sgd(momentum=0.9)", "adamw"])
        >>> list(space.distributions)
        ['optimizer', 'optimizer.sgd.lr', 'optimizer.adamw.lr', 'optimizer.adamw.weight_decay']
        >>> from optuna.trial import FixedTrial
        >>> print(space.suggest(FixedTrial({"optimizer": "sgd(momentum=0.9)", "optimizer.sgd.lr": 0.5})))
        sgd(momentum=0.9, lr=0.5)
    """

    def __init__(
        self,
        kind: str,
        candidates: Iterable[str | Spec] | Mapping[str, Mapping[str, Searched | None]],
        name: str | None = None,
    ) -> None:
        found = get_kind(kind)
        self.name = found.name if name is None else name
        ranges = candidates if isinstance(candidates, Mapping) else {}
        given = [candidates] if isinstance(candidates, (str, Spec)) else list(candidates)
        specs = [one if isinstance(one, Spec) else parse_spec(one) for one in given]
        counts = Counter(spec.ref for spec in specs)
        self._candidates: dict[str, _Candidate] = {}
        for key, spec in zip(given, specs, strict=True):
            label = spec.ref if counts[spec.ref] == 1 else str(spec)
            searched = _find_searched(found, spec, ranges.get(str(key), {}))
            self._candidates[str(spec)] = _Candidate(
                spec,
                {
                    argument: _make_parameter(f"{self.name}.{label}.{argument}", values)
                    for argument, values in searched.items()
                },
            )
        if not specs or len(self._candidates) < len(specs):
            raise ArgumentValueError(
                "SearchSpace", "candidates", given, "one or more components, each given once"
            )

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """All parameters by name, those of every component: what grids and relative samplers are told."""
        found: dict[str, BaseDistribution] = {
            self.name: CategoricalDistribution(list(self._candidates))
        }
        for candidate in self._candidates.values():
            found |= {one.name: one.distribution for one in candidate.searched.values()}
        return found

    def suggest(self, trial: BaseTrial) -> Spec:
        """Return the component that a trial tries, as a spec for ``compile``.

        The trial is the one of ``optuna_pruning`` in this thread from then on.

        Args:
            trial: A running trial; ``study.best_trial`` returns what it has tried.
        """
        CURRENT.set(trial)
        chosen = self._candidates[trial.suggest_categorical(self.name, list(self._candidates))]
        values = {name: one.suggest(trial) for name, one in chosen.searched.items()}
        return chosen.spec.replace(**values)


def _find_searched(
    kind: Kind, spec: Spec, given: Mapping[str, Searched | None]
) -> dict[str, Searched]:
    """Return the arguments of a candidate that are searched, checked at the ends of their ranges."""
    component = find_component(kind, spec)
    if component is None:
        component = resolve(kind.name, spec).component  # says why there is none
    stated: dict[str, Any] = find_search_ranges(component)
    fixed = _list_fixed(kind, spec, component)
    left_out = {*fixed, *given, *(_RATE if _RATE & {*fixed, *given} else ())}
    ranges = {name: values for name, values in stated.items() if name not in left_out}
    ranges |= {name: values for name, values in given.items() if values is not None}
    _check(kind, spec, ranges)
    return ranges


def _list_fixed(kind: Kind, spec: Spec, component: Component) -> list[str]:
    parameters = find_spec_parameters(kind, load(component), component) or {}
    return [*list(parameters)[: len(spec.args)], *spec.kwargs]


def _check(kind: Kind, spec: Spec, ranges: Mapping[str, Searched]) -> None:
    """Make the component at the ends of each range.

    Raises:
        ContractError: It refuses one of them.
    """
    allowed = "a kplug.Range, a tuple of choices, or None"
    for name, values in dict[str, object](ranges).items():
        if not isinstance(values, Range) and not (isinstance(values, tuple) and values):
            raise ArgumentValueError("SearchSpace", f"{spec.ref}: {name}", values, allowed)
    firsts = {name: list_ends(values)[0] for name, values in ranges.items()}
    if not ranges:
        resolve(kind.name, spec)
    for name, values in ranges.items():
        for value in list_ends(values):
            try:
                resolve(kind.name, spec.replace(**{**firsts, name: value}))
            except ArgumentError:  # an unknown argument or a missing one, whatever the value
                raise
            except KplugError as error:
                raise ContractError(
                    f"the {kind.name} {spec.ref!r} is searched with {name} from {write_range(values)}, and "
                    f"refuses {name}={value!r}: {error.message}",
                    hint=error.hint
                    or "Give a range that it allows: "
                    f"SearchSpace({kind.name!r}, {{{str(spec)!r}: {{{name!r}: kplug.Range(low, high)}}}}).",
                ) from error


def _make_parameter(name: str, values: Searched) -> _Parameter:
    if not isinstance(values, Range):
        choices = {one if isinstance(one, _STORED) else str(one): one for one in values}
        return _Parameter(name, CategoricalDistribution(list(choices)), choices)
    if values.is_integer:
        low, high, step = int(values.low), int(values.high), int(values.step or 1)
        return _Parameter(name, IntDistribution(low, high, values.log, step), {})
    return _Parameter(name, FloatDistribution(values.low, values.high, values.log, values.step), {})
