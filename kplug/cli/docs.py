"""``kplug docs``: writes a Markdown page about each installed component, and a list for each kind."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from kplug import __version__
from kplug.cli import lifecycles
from kplug.cli.show import describe, find_curve, format_arguments, format_signature
from kplug.display.markdown import docstring_as_markdown, escape, fence
from kplug.errors import KplugError
from kplug.registry import KINDS, REGISTRY, Component, Kind, Spec, parse_spec
from kplug.registry.lookup_keys import keys_of, lookup_key
from kplug.registry.quoting import quote

FolderArgument = Annotated[
    Path, typer.Argument(help="Where the pages go; it is made if it is missing.", file_okay=False)
]

CurvesOption = Annotated[
    bool,
    typer.Option(
        "--curves",
        help="Draw losses, regularizers, activations, initializers, schedules, constraints and "
        "optimizers, as SVG files in FOLDER/curves.",
    ),
]
ExampleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--example",
        metavar="SPEC",
        help="What a component is drawn with, such as 'cosine_decay(0.1, 100)'. May be repeated.",
    ),
]

_MOST_COLUMNS = 80  # of a signature in one line

# Texts to which docstrings of built-in components refer with "see", by kind.
_SHARED = {
    "loss": "kplug.losses:Loss",
    "metric": "kplug.metrics:Metric",
    "optimizer": "kplug.optimizers:CommonArguments",
    "layer": "kplug.layers:Layer",
}


def write_docs(
    folder: FolderArgument, has_curves: CurvesOption = False, example: ExampleOption = None
) -> None:
    """Write a page about every installed component, and one that lists those of a kind.

    losses.md lists the losses, losses/kplug-huber.md is about one: what it takes, what it does and which
    package supplies it. This imports them all; to be drawn, components are made and called too.

    Example: kplug docs docs/components

    Example: kplug docs pages --curves --example 'cosine_decay(0.1, 100)'
    """
    examples = _read_examples(example or [])
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS.values():
        pictures = draw_curves(kind, folder, examples) if has_curves else {}
        pages = make_pages(kind, pictures)
        (folder / kind.plural).mkdir(exist_ok=True)
        for path, text in pages.items():
            (folder / path).write_text(text, encoding="utf-8")
        typer.echo(f"{folder / kind.plural}.md: {len(pages) - 1} {kind.plural}")


def _read_examples(texts: list[str]) -> dict[str, Spec]:
    """Return the specs of example arguments, by name or qualified name."""
    components = [one for kind in KINDS.values() for one in REGISTRY.components(kind)]
    names = {name for one in components for name in (one.name, one.qualified_name)}
    examples = {spec.ref: spec for spec in map(parse_spec, texts)}
    if unknown := sorted(set(examples) - names):
        raise KplugError(
            f"the example {quote(unknown[0])} is for no component that is installed",
            hint="Write the name as `kplug list --all` prints it.",
        )
    return examples


def draw_curves(kind: Kind, folder: Path, examples: dict[str, Spec]) -> dict[str, tuple[Path, str]]:
    """Draw the drawable components of a kind; return the files by qualified name, with what is drawn.

    Args:
        kind: The kind.
        folder: The folder of the page.
        examples: Arguments of components by name or qualified name; others use their defaults.
    """
    from kplug.curves.curve import Curve
    from kplug.curves.drawing import plot

    pictures = {}
    for component in REGISTRY.components(kind):
        name = component.qualified_name
        spec = examples.get(name) or examples.get(component.name) or Spec(name)
        curve = find_curve(kind, {"qualified_name": name, "name": component.name}, spec)
        if isinstance(curve, Curve):
            written = str(Spec(component.name, spec.args, spec.kwargs))
            file = Path("curves") / f"{kind.plural}-{_file_name(name)}.svg"
            (folder / "curves").mkdir(exist_ok=True)
            plot(folder / file, [(written, curve)])
            pictures[name] = file, written
    return pictures


def make_pages(
    kind: Kind, pictures: Mapping[str, tuple[Path, str]] | None = None
) -> dict[Path, str]:
    """Return the pages about the components of a kind, by their files: the list first.

    Args:
        kind: The kind.
        pictures: The files of pictures and what they show, by qualified name.
    """
    pictures = pictures or {}
    components = sorted(
        REGISTRY.components(kind),
        key=lambda one: (
            not one.origin.is_built_in,
            one.origin.distribution,
            one.name.casefold(),
        ),
    )
    ours = [component for component in components if component.origin.distribution == "kplug"]
    taken = {key for component in ours for key in keys_of(component)}
    described = [(component, _describe(kind, component)) for component in components]
    listing = [
        f"# {kind.plural.capitalize()}",
        f"Everything that can be named where {kind.with_article} is wanted, from every package that is "
        f"installed. Written by `kplug docs`, kplug {__version__}.",
        _table(kind, described),
        _shared(kind),
    ]
    return {
        Path(f"{kind.plural}.md"): _join(listing),
        **{
            find_page(kind, component): _join(
                _entry(kind, component, facts, taken, pictures.get(component.qualified_name))
            )
            for component, facts in described
        },
    }


def find_page(kind: Kind, component: Component) -> Path:
    """Return the file of a component's page, from the folder of all."""
    return Path(kind.plural) / f"{_file_name(component.qualified_name)}.md"


def _file_name(qualified_name: str) -> str:
    return qualified_name.replace("/", "-")


def _join(parts: Iterable[str | None]) -> str:
    return "\n\n".join(filter(None, parts)) + "\n"


def _describe(kind: Kind, component: Component) -> dict[str, Any] | KplugError:
    try:
        return describe(kind, component)
    except KplugError as error:
        return error


def _table(kind: Kind, described: list[tuple[Component, dict[str, Any] | KplugError]]) -> str:
    rows = [
        f"| [{component.qualified_name}]({find_page(kind, component).as_posix()}) "
        f"| {escape(_summary(component, facts))} |"
        for component, facts in described
    ]
    return "\n".join(["| name | what it is |", "|---|---|", *rows])


def _summary(component: Component, facts: dict[str, Any] | KplugError) -> str:
    if isinstance(facts, KplugError):
        return REGISTRY.summarize(component) or "It cannot be loaded."
    return component.summary or str(facts["documentation"]).partition("\n")[0]


def _entry(
    kind: Kind,
    component: Component,
    facts: dict[str, Any] | KplugError,
    taken: set[str],
    picture: tuple[Path, str] | None,
) -> list[str | None]:
    head = [f"# {component.qualified_name}", f"One of the [{kind.plural}](../{kind.plural}.md)."]
    if isinstance(facts, KplugError):
        return [*head, f"It cannot be loaded:\n\n{fence(str(facts), 'text')}"]
    name = _name_to_write(component, taken)
    return [
        *head,
        fence(_written_as(name, facts), "python"),
        _how_to_write(name, facts, picture),
        _origin(facts),
        picture and f"![The curve of {picture[1]}](../{picture[0].as_posix()})",
        facts["lifecycle"] and f"Lifecycle: {escape(lifecycles.write(facts))}.",
        docstring_as_markdown(facts["documentation"]),
    ]


def _name_to_write(component: Component, taken: set[str]) -> str:
    """Return the bare name, or the qualified one if the bare name means another component."""
    is_another = component.origin.distribution != "kplug" and lookup_key(component.name) in taken
    return component.qualified_name if component.is_qualified_only or is_another else component.name


def _how_to_write(name: str, facts: dict[str, Any], picture: tuple[Path, str] | None) -> str:
    """Return a text that a model can have, with values for arguments that have no default."""
    required = [item["name"] for item in facts["arguments"] if item["required"]]
    arguments = ", ".join(f"{argument}=…" for argument in required)
    text = f"{name}({arguments})" if required else name
    if required and picture is not None:  # it was made with these
        text = name + picture[1][len(facts["name"]) :]
    return f"Write `{quote(text)}`."


def _written_as(name: str, facts: dict[str, Any]) -> str:
    """Return the signature, an argument a line if it is long."""
    signature = format_signature({**facts, "name": name})
    if len(signature) <= _MOST_COLUMNS:
        return signature
    arguments = "".join(f"    {argument},\n" for argument in format_arguments(facts))
    return f"{name}(\n{arguments})"


def _origin(facts: dict[str, Any]) -> str:
    aliases = ", ".join(f"`{alias}`" for alias in facts["aliases"])
    also = f" Also named {aliases}." if aliases else ""
    package = f"{facts['distribution']} {facts['version']}".rstrip()
    return f"From {package}, `{facts['target']}`.{also}"


def _shared(kind: Kind) -> str:
    if kind.name not in _SHARED:
        return ""
    target = REGISTRY.load(Component("shared", _SHARED[kind.name]))
    text = docstring_as_markdown(inspect.getdoc(target) or "")
    return f"## What all of kplug's {kind.plural} share: {target.__name__}\n\n{text}"
