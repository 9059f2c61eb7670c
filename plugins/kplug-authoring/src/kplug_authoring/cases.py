"""Cases: one check of one component, for a test runner or for a loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from unittest import SkipTest

from kplug import Component, Example, get_kind, lookup_key
from kplug.display.messages import did_you_mean
from kplug.errors import ArgumentError, KplugError, SeveralProblemsError
from kplug.inspection import KINDS, find_own_example, keys_of, list_components
from kplug_authoring.checks.common import made
from kplug_authoring.checks.subject import Check, Subject, UnsuitableInputsError
from kplug_authoring.gold.numbers import has_numbers, numbers
from kplug_authoring.levels import Level
from kplug_authoring.suites import get_suite, select_checks

Examples = Mapping[str, Example | Mapping[str, object]]


class BrokenContractError(KplugError, AssertionError):
    """A component that fails a check of its kind's suite.

    Args:
        case: The case, with its component and check.
        found: What the check observed.
        advice: The advice, if it differs from the check's.
    """

    def __init__(self, case: ContractCase, found: str, advice: str | None = None) -> None:
        self.case, self.found = case, found
        component = case.component
        super().__init__(
            f"the {component.kind} {component.qualified_name} ({component.location}) fails the check "
            f"{case.check.name!r}, made with {case.example}\n"
            f"  expected: {case.check.expected}\n"
            f"  found: {found}",
            hint=advice or case.check.advice,
        )


@dataclass(frozen=True)
class ContractCase:
    """One check of one component.

    Args:
        component: The component.
        check: The check.
        example: The arguments to make and call the component.
    """

    component: Component
    check: Check
    example: Example = field(default_factory=Example)

    def __str__(self) -> str:
        return f"{self.component.kind}-{self.component.qualified_name}-{self.check.name}"

    def run(self) -> None:
        """Run the check.

        Raises:
            BrokenContractError: if the component fails it, or raises anything.
            unittest.SkipTest: if the component cannot be made or called, which its check ``made`` reports.
        """
        subject = _subject_of(self.component, self.example)
        if subject.obstacle is not None:
            raise self._explain(subject.obstacle) from subject.obstacle
        if not all(map(subject.passes, self.check.after)):
            return
        try:
            found = self.check.find(subject)
        except KplugError as error:
            raise BrokenContractError(self, error.message, error.hint) from error
        except Exception as error:
            advice = "The traceback of its cause shows where it was raised."
            found = f"{type(error).__name__}: {error}"
            raise BrokenContractError(self, found, advice) from error
        if found:
            raise BrokenContractError(self, found)

    def _explain(self, obstacle: Exception) -> SkipTest | BrokenContractError:
        """Return an obstacle as the failure of the check ``made``, or as a skip of other checks."""
        is_called = isinstance(obstacle, UnsuitableInputsError)
        if self.check is not made:
            verb, name = "called" if is_called else "made", self.component.qualified_name
            return SkipTest(f"{name} cannot be {verb}: see its check {made.name!r}")
        if isinstance(obstacle, UnsuitableInputsError):
            return BrokenContractError(self, obstacle.message, obstacle.hint)
        advice = (
            "Say what it is made with: @kplug.example({…}) above it, or "
            f"examples={{{self.component.name!r}: {{…}}}}."
        )
        return BrokenContractError(self, f"it cannot be made: {obstacle}", advice)


class _Last:
    """The subject of the last case, a cache for the next case of the same component."""

    subject: Subject | None = None


def _subject_of(component: Component, example: Example) -> Subject:
    last = _Last.subject
    if last is None or last.component is not component or last.example is not example:
        suite = get_suite(get_kind(component.kind))
        _Last.subject = last = Subject(component, example, suite)
    return last


def contract_cases(
    distribution: str | None = None,
    *,
    kinds: Iterable[str] | None = None,
    examples: Examples | None = None,
    level: Level | None = None,
) -> list[ContractCase]:
    """Return every check of every component of a distribution.

    A component that cannot be imported fails its own cases only. Recorded numbers are compared where
    kplug-numbers is installed.

    Args:
        distribution: Name of the distribution; ``"custom"`` for components from ``kplug.register`` or
            ``kplug.scope``; None for everything installed.
        kinds: Only these kinds, singular or plural; None for all.
        examples: An `Example`, or only its arguments, by component name. The default is the example from
            `kplug.example`. Names may be qualified, and prefixed with the kind if two kinds share one:
            ``"metric/kplug/poisson"``.
        level: Only the checks of this level and of those below; gold has some more, which take long. None for
            the suite of each kind.

    Returns:
        The cases, sorted by kind; ``str(case)`` is its name.

    Raises:
        ArgumentError: if an example matches no component, or leaves out an unknown check.

    Example:
        >>> print(contract_cases("kplug", kinds=["constraint"])[0])
        constraint-kplug/max_norm-made
    """
    wanted = KINDS.values() if kinds is None else [get_kind(kind) for kind in kinds]
    components = [
        component
        for kind in wanted
        for component in list_components(kind)
        if distribution in (None, component.origin.distribution)
    ]
    if not components:
        raise ArgumentError(
            f"{distribution or 'no distribution'!r} offers no components to test",
            hint="Install it, in editable mode if it is yours, and see `kplug list`.",
        )
    table = _read_examples(examples or {}, components)
    return [
        ContractCase(component, check, example)
        for component in components
        for example in [table.get(id(component)) or find_own_example(component)]
        for check in _select(component, level)
        if check is made or check.name not in example.leave_out
    ]


def _select(component: Component, level: Level | None) -> tuple[Check, ...]:
    checks = select_checks(get_kind(component.kind), level)
    return (*checks, numbers) if level is None and has_numbers(component) else checks


def check_contract(case: ContractCase) -> None:
    """Run one case; the body of a test.

    Raises:
        BrokenContractError: if the component fails it.
        unittest.SkipTest: if the component cannot be made, which its check ``made`` reports once.
    """
    case.run()


def run_contract(
    distribution: str | None = None,
    *,
    kinds: Iterable[str] | None = None,
    examples: Examples | None = None,
    level: Level | None = None,
) -> int:
    """Run all cases of `contract_cases` and report all failures together.

    Returns:
        The number of cases, if all pass.

    Raises:
        BrokenContractError: for the one case that fails.
        SeveralProblemsError: with every failure.

    Example:
        >>> run_contract("kplug", kinds=["constraint"]) > 0
        True
    """
    cases = contract_cases(distribution, kinds=kinds, examples=examples, level=level)
    problems: list[KplugError] = []
    for case in cases:
        try:
            case.run()
        except BrokenContractError as error:
            problems.append(error)
        except SkipTest:
            continue  # reported once, by its check `made`
    if len(problems) == 1:
        raise problems[0]
    if problems:
        what = f"{distribution or 'what is installed'} breaks its contract"
        raise SeveralProblemsError(problems, what)
    return len(cases)


def _read_examples(examples: Examples, components: list[Component]) -> dict[int, Example]:
    """Return the examples by the identity of the component that each is for."""
    names: dict[str, list[Component]] = {}
    for component in components:
        owner = component.origin.distribution
        for key in keys_of(component):
            for name in (key, f"{owner}/{key}", f"{component.kind}/{owner}/{key}"):
                names.setdefault(name, []).append(component)
    found = {}
    for name, given in examples.items():
        head, slash, tail = name.rpartition("/")
        owners = names.get(f"{head}{slash}{lookup_key(tail)}", [])
        example = given if isinstance(given, Example) else Example(dict(given))
        if not owners:
            known = [one for item in components for one in (item.name, item.qualified_name)]
            raise _unknown("component", name, known)
        for component in owners:
            checks = {one.name for one in select_checks(get_kind(component.kind), "gold")}
            for left_out in example.leave_out:
                if left_out not in checks and len(owners) == 1:
                    raise _unknown(f"check of a {component.kind}", left_out, checks)
            found[id(component)] = example
    return found


def _unknown(what: str, name: str, known: Iterable[str]) -> ArgumentError:
    names = sorted(set(known))
    question = did_you_mean(name, names)
    return ArgumentError(
        f"an example is for the {what} {name!r}, which does not exist",
        hint=f"{question} Known: {', '.join(names[:30])}{', …' * (len(names) > 30)}.".lstrip(),
    )
