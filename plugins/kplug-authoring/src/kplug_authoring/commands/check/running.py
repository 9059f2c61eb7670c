"""Runs the contract suite on selected components."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from unittest import SkipTest

from kplug import Component, Spec, get_kind, lookup_key, parse_spec
from kplug.commands import diverting_output
from kplug.display.messages import describe_error, quote
from kplug.errors import KplugError
from kplug.inspection import describe_signature, keys_of, load
from kplug_authoring import ContractCase, Example, contract_cases, list_checks
from kplug_authoring.cases import BrokenContractError
from kplug_authoring.checks.subject import UnsuitableInputsError
from kplug_authoring.commands.check.audit import audit_command, audit_component, audit_problems
from kplug_authoring.commands.check.report import (
    CheckedComponent,
    CheckResult,
    Finding,
    Report,
)
from kplug_authoring.commands.check.selection import Selection
from kplug_authoring.levels import Level, Rule
from kplug_authoring.suites import select_checks

_Examples = Mapping[int, Sequence[Mapping[str, object]]]


def run_checks(
    selection: Selection, examples: Iterable[str], report: Report, tell: Callable[[str], None]
) -> None:
    """Fill the report.

    Args:
        selection: The components to check.
        examples: Specs with the arguments of components.
        report: The report to fill.
        tell: Called with the name of each component before its checks.

    Raises:
        KplugError: if an example matches no component, or is invalid; nothing was run then.
    """
    table = _read_examples(examples, selection.components)
    report.whole = selection.whole
    report.findings += audit_problems(selection.problems)
    with diverting_output():  # a component may print to stdout
        for command in selection.commands:
            report.findings += audit_command(command)
        for component in selection.components:
            tell(component.qualified_name)
            findings = list(audit_component(component))
            report.findings += findings
            can_run = not any(finding.rule == "import" for finding in findings)
            given = table.get(id(component), [None]) if can_run else []
            cases = [
                case
                for arguments in given
                for case in _list_cases(component, arguments, report.level)
            ]
            results = tuple(result for result in map(_run, cases) if result is not None)
            example = cases[0].example if cases else Example()
            known = list_checks(component.kind, "gold") if cases else {}
            left_out = {name: why for name, why in example.leave_out.items() if name in known}
            rules = tuple(_list_rules(component, results, left_out, report.findings))
            report.checked.append(
                CheckedComponent(
                    component,
                    results,
                    left_out,
                    rules,
                    _name_reference(example.reference),
                    _describe_cost(component, results),
                )
            )


def _list_rules(
    component: Component,
    results: Sequence[CheckResult],
    left_out: Mapping[str, str],
    findings: Iterable[Finding],
) -> Iterator[Rule]:
    """Yield the rules of all levels: that it is declared and imported, and the checks of its kind."""
    wrong = {
        one.rule
        for one in findings
        if one.level == "error"
        and one.origin.distribution == component.origin.distribution
        and one.component in (None, component)
    }
    for name in ("declaration", "import"):
        yield Rule(name, "bronze", "broken" if name in wrong else "kept")
    for check in select_checks(get_kind(component.kind), "gold"):
        own = [one for one in results if one.check == check.name]
        if own:
            is_kept = all(one.message is None for one in own)
            yield Rule(check.name, check.level, "kept" if is_kept else "broken")
        else:
            yield Rule(check.name, check.level, "left out" if check.name in left_out else "not run")


def _name_reference(reference: object) -> str | None:
    target = reference.target if isinstance(reference, Component) else reference
    if target is None:
        return None
    place = str(target)
    library = re.split("[.:]", place)[0]
    with contextlib.suppress(PackageNotFoundError, ValueError):  # an object has no place
        return f"{place} ({library} {version(library)})"
    return place


def _describe_cost(component: Component, results: Sequence[CheckResult]) -> str:
    """Return what a component costs, if it can be made and kplug-numbers is there to count."""
    is_made = any(one.check == "made" and one.message is None for one in results)
    if not is_made or importlib.util.find_spec("kplug_numbers") is None:
        return ""
    from kplug_numbers import describe_cost

    with contextlib.suppress(
        Exception
    ):  # other inputs than those of the checks may be wrong for it
        return describe_cost(component.kind, component.qualified_name)
    return ""


def accept_numbers(distributions: Iterable[str]) -> list[str]:
    """Record the numbers of distributions anew; return a line for each that was another.

    Raises:
        KplugError: if kplug-numbers is not installed, or the source of a distribution is not known.
    """
    if importlib.util.find_spec("kplug_numbers") is None:
        raise KplugError(
            "kplug-numbers, which records numbers, is not installed",
            hint="Run `pip install kplug-numbers`.",
        )
    from kplug_numbers import record_numbers

    return [str(one) for name in distributions for one in record_numbers(name).changes]


def _read_examples(examples: Iterable[str], components: Sequence[Component]) -> _Examples:
    table: dict[int, list[Mapping[str, object]]] = {}
    for text in examples:
        spec = parse_spec(text)
        if spec.args:
            raise KplugError(
                f"the example {quote(text)} gives arguments by position",
                hint="Give them by name: --example 'huber(delta=2.0)'.",
            )
        meant = [one for one in components if _is_meant(one, spec)]
        if not meant:
            names = sorted({one.name for one in components})
            raise KplugError(
                f"the example {quote(text)} is for no component that is checked",
                hint=f"Checked are: {', '.join(names[:30])}{', …' * (len(names) > 30)}.",
            )
        for component in meant:
            table.setdefault(id(component), []).append(spec.kwargs)
    return table


def _is_meant(component: Component, spec: Spec) -> bool:
    is_owner = spec.distribution in (None, component.origin.distribution)
    return is_owner and lookup_key(spec.name) in keys_of(component)


def _list_cases(
    component: Component, arguments: Mapping[str, object] | None, level: Level | None
) -> Iterator[ContractCase]:
    """Yield the cases of a component, with given arguments or with its author's."""
    name = f"{component.kind}/{component.qualified_name}"
    cases = contract_cases(
        component.origin.distribution,
        kinds=[component.kind],
        examples={} if arguments is None else {name: Example(arguments)},
        level=level,
    )
    return (case for case in cases if case.component.qualified_name == component.qualified_name)


def _run(case: ContractCase) -> CheckResult | None:
    """Return the result of a case; None if the component cannot be made."""
    name, example = case.check.name, str(case.example)
    try:
        case.run()
    except SkipTest:
        return None
    except BrokenContractError as error:
        if name == "made":
            return CheckResult(name, example, *_explain_failure_to_make(case, error))
        message = f"expected {case.check.expected}; found: {error.found}"
        return CheckResult(name, example, message, error.hint)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - also SystemExit: the command continues
        return CheckResult(name, example, f"it raised {describe_error(error)}")
    return CheckResult(name, example)


def _explain_failure_to_make(
    case: ContractCase, error: BrokenContractError
) -> tuple[str, str | None]:
    """Return the reason, and a hint with the missing example if that is the reason."""
    component, cause = case.component, error.__cause__
    arguments = describe_signature(get_kind(component.kind), load(component), component)
    missing = [name for name, default in arguments if not default]
    if isinstance(cause, UnsuitableInputsError):
        return cause.message, cause.hint
    if not set(missing) - set(case.example.arguments) or not isinstance(cause, KplugError):
        return error.found, None
    values = ", ".join(f"{name!r}: …" for name in missing)
    example = f"{component.name}({', '.join(f'{name}=…' for name in missing)})"
    return (
        cause.message,
        f"Say what it is made with: @kplug.example({{{values}}}) above it, or --example '{example}'.",
    )
