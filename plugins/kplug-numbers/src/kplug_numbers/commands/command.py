"""``kplug numbers``: records, checks, shows and compares readings."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from packaging.utils import canonicalize_name

from kplug import Spec, get_kind, parse_spec
from kplug.commands import (
    JsonOption,
    complete_component,
    diverting_output,
    find_width,
    print_json,
    print_lines,
    write_changes,
)
from kplug.display.messages import quote
from kplug.display.terminal import wrap
from kplug.errors import KplugError, SpecError
from kplug.inspection import KINDS, find_component, list_components
from kplug_numbers.errors import ReadingError
from kplug_numbers.file_comparison import Result, compare_files
from kplug_numbers.numbers_file import Key, find_numbers, read_file, read_wheel
from kplug_numbers.plugin import READ
from kplug_numbers.reading import Reading

numbers = typer.Typer(no_args_is_help=True)

Distribution = Annotated[str, typer.Argument(help="An installed distribution.")]
ExampleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--example",
        metavar="SPEC",
        help="A component with arguments, to read as well: 'huber(delta=2.0)'. May be repeated.",
    ),
]


@numbers.callback()
def options() -> None:
    """Record what components compute on known inputs, and compare it with what was recorded.

    Example: kplug numbers record kplug-acme

    Example: kplug numbers check kplug-acme
    """


@numbers.command()
def record(distribution: Distribution, example: ExampleOption = None) -> None:
    """Write what a distribution's components compute into numbers.json in its source.

    The distribution is installed in editable mode. Components keep the arguments that the file has; a new
    one is read with its author's example. What changed is listed. A damaged file is written anew; what can
    be read of it is kept.

    Example: kplug numbers record kplug-acme --example 'huber(delta=2.0)'
    """
    from kplug_numbers.checking import record_numbers  # imports torch

    recorded = record_numbers(distribution, example or [], _tell)
    found, known = recorded.content, recorded.known
    if recorded.damage:
        kept = len({*found.keys} & {*known.keys})
        print_lines(
            [f"{recorded.damage}; the file is written anew, with {kept} that could be read in it"]
        )
    _print_results(recorded.changes)
    print_lines(
        f"new: {kind} {spec}" for kind, spec in sorted(found.readings.keys() - known.readings)
    )
    print_lines([f"{recorded.path}: {len(found.readings)} readings, {len(found.unread)} without"])
    print_lines(
        f"no reading of the {kind} {spec}: {why}" for (kind, spec), why in found.unread.items()
    )


@numbers.command()
def check(distribution: Distribution, as_json: JsonOption = False) -> None:
    """Compare what a distribution's components compute with what its numbers.json says.

    It imports and runs the components.

    Exit status: 0 if all is the same, or if it offers callbacks alone, 1 if anything differs, cannot be
    compared or is not recorded, 2 if there is no file.

    Example: kplug numbers check kplug-acme
    """
    recorded = find_numbers(distribution)
    kinds = _list_kinds(distribution)
    if recorded is None and kinds and kinds.isdisjoint(READ):
        _report([], as_json)
    if recorded is None and not kinds:
        raise ReadingError(
            f"{quote(distribution)} offers nothing here",
            hint="`kplug list` shows what is installed.",
        )
    if recorded is None:
        raise ReadingError(
            f"{distribution} has no recorded numbers",
            hint=f"Its author writes them with `kplug numbers record {distribution}`.",
        )
    from kplug_numbers.checking import list_keys, make_all  # imports torch

    found = make_all(list_keys(distribution, recorded), _tell, recorded=recorded)
    _report(compare_files(recorded, found), as_json)


@numbers.command()
def show(
    spec: Annotated[
        str,
        typer.Argument(
            help="A component with its arguments: 'huber(delta=2)'.",
            autocompletion=complete_component,
        ),
    ],
    kind: Annotated[str | None, typer.Option(help="Its kind, if several have the name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a component computes.

    Example: kplug numbers show 'huber(delta=2)' --kind loss
    """
    found_kind = _find_kind(spec, kind)
    from kplug_numbers.making import make_reading  # imports torch

    with diverting_output():
        reading = make_reading(found_kind, spec)
    if as_json:
        print_json(reading.as_data())
        return
    print_lines([f"{reading.kind} {reading.spec}, recipe {reading.recipe}, torch {reading.torch}"])
    for name, part in reading.parts.items():
        values = " ".join(f"{value:.6g}" for value in part.sample)
        more = " …" if part.size and len(part.sample) < part.count else ""
        text = part.raises or f"{part.dtype} {list(part.shape)} {values}{more}"
        print_lines([f"  {name}: {text}"])


@numbers.command()
def diff(
    first: Annotated[Path, typer.Argument(help="A wheel.")],
    second: Annotated[Path, typer.Argument(help="Another one, of a later version.")],
    is_run: Annotated[
        bool,
        typer.Option(
            "--run",
            help="Make the numbers of a wheel that carries none, in a process with limits that runs it.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare the numbers that two wheels carry. Nothing of the wheels is run without --run.

    Exit status: 0 if all is the same, 1 if anything differs or cannot be compared, 2 if a wheel carries
    none.

    Example: kplug numbers diff acme-0.1-py3-none-any.whl acme-0.2-py3-none-any.whl

    Example: kplug numbers diff --run acme-0.1-py3-none-any.whl acme-0.2-py3-none-any.whl
    """
    if is_run:
        from kplug_numbers.wheel_numbers import make_missing

        files = make_missing(first, second)
    else:
        files = read_wheel(first), read_wheel(second)
    _report(compare_files(*files), as_json)


@numbers.command()
def history(
    distribution: Annotated[str, typer.Argument(help="A distribution in a registry.")],
    as_json: JsonOption = False,
) -> None:
    """List the versions of a distribution in the registries, with the numbers that each changed.

    Nothing is downloaded but what the versions have recorded, and nothing is run.

    Example: kplug numbers history kplug-acme
    """
    from kplug_numbers.upgrades import list_history

    found = list(list_history(canonicalize_name(distribution)))
    if as_json:
        rows = [
            {"version": version, "changes": [asdict(one) for one in changes]}
            for version, changes in found
        ]
        print_json({"versions": rows})
        return
    for version, changes in found:
        print_lines([version, *write_changes(changes)])


@numbers.command()
def bisect(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|DISTRIBUTION/NAME(…)",
            help="A model file with readings, or a component with its arguments.",
            show_default=False,
        ),
    ],
    wheels: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Wheels of versions of one plugin; by default, those of the registries.",
            show_default=False,
        ),
    ] = None,
    plugin: Annotated[
        str, typer.Option(help="The plugin, if a model uses several and no wheels are given.")
    ] = "",
    expected: Annotated[
        Path | None,
        typer.Option(
            help="What the component is expected to compute: a numbers.json. By default, the one of the "
            "installed version.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Name the first version of a plugin with which a model, or a component, computes other numbers.

    A model is compared with what its file says, a component with what is expected. Each version is unpacked
    into a folder of its own and run by a process with limits, but for one whose registry has the numbers of
    the component.

    Exit status: 0 if nothing differs with the newest version, 1 if one differs, 2 if nothing can be said.

    Example: kplug numbers bisect model.keras

    Example: kplug numbers bisect model.keras dist/acme-*.whl

    Example: kplug numbers bisect "acme/dice(smooth=1)" --expected old/numbers.json
    """
    from kplug_numbers.bisection import find_change_of_component, find_change_of_model

    if (spec := _find_spec(subject)) is not None:
        reading = _find_expected(spec, expected)
        change = find_change_of_component(reading, wheels or [], spec.distribution or "")
    else:
        change = find_change_of_model(Path(subject), wheels or [], plugin)
    if as_json:
        print_json({"change": None if change is None else asdict(change)})
    elif change is None:
        print_lines(["the same numbers with the newest version"])
    else:
        version = f"{change.distribution} {change.version}"
        print_lines([f"{version} {change.outcome}:", change.message])
        print_lines([f"the same until {change.before}"] if change.before else [])
    raise typer.Exit(change is not None)


def _find_spec(text: str) -> Spec | None:
    """Return the component that a text names with its distribution; None if it names a file."""
    try:
        spec = parse_spec(text)
    except SpecError:
        return None
    return spec if spec.distribution and not Path(text).exists() else None


def _find_expected(spec: Spec, file: Path | None) -> Reading:
    """Return what a component is expected to compute."""
    numbers = find_numbers(spec.distribution or "") if file is None else read_file(file)
    readings = numbers.readings.values() if numbers else ()
    found = [one for one in readings if parse_spec(one.spec) == spec]
    if len(found) != 1:
        where = "what is installed" if file is None else str(file)
        raise ReadingError(
            f"{where} has {len(found)} readings of {quote(str(spec))}",
            hint="--expected FILE names a numbers.json that says what it should compute.",
        )
    return found[0]


def _find_kind(text: str, kind: str | None) -> str:
    spec = parse_spec(text)
    known = KINDS.values() if kind is None else [get_kind(kind)]
    found = [one.name for one in known if find_component(one, spec) is not None]
    if len(found) == 1:
        return found[0]
    if not found:
        raise KplugError(
            f"nothing is named {quote(text)}", hint="`kplug list --all` shows the names."
        )
    raise KplugError(
        f"{quote(text)} is the name of several kinds: {', '.join(found)}", hint="Add --kind."
    )


def _list_kinds(distribution: str) -> set[str]:
    """Return the kinds of which a distribution offers a component."""
    name, components = canonicalize_name(distribution), map(list_components, KINDS.values())
    return {one.kind for found in components for one in found if one.origin.distribution == name}


def _report(results: list[Result], as_json: bool) -> NoReturn:
    if as_json:
        data = [
            {"kind": one.key[0], "spec": one.key[1], "outcome": one.outcome, "message": one.message}
            for one in results
        ]
        print_json({"results": data})
    else:
        _print_results([one for one in results if one.outcome != "same"])
        counts = Counter(one.outcome for one in results)
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        print_lines([told or "it offers nothing that has numbers"])
    raise typer.Exit(0 if all(one.outcome == "same" for one in results) else 1)


def _print_results(results: list[Result]) -> None:
    print_lines(map(str, results))


def _tell(key: Key) -> None:
    if width := find_width(sys.stderr):
        typer.echo("\n".join(wrap(f"reading {key[1]} …", width)), err=True)
