"""Every built-in component is documented, is in the table of `docs/components`, and gets onto its page."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kplug.cli.app import app
from kplug.cli.docs import find_page
from kplug.cli.show import describe, format_signature
from kplug.components.layouts import has_channels_last
from kplug.registry import KINDS, REGISTRY, Component, Kind
from kplug.registry.kinds import BUILT_IN_KINDS

README = Path(__file__).resolve().parents[1] / "docs" / "components" / "README.md"


def built_in(kind: Kind) -> list[Component]:
    return [one for one in REGISTRY.components(kind) if one.origin.is_built_in]


def own() -> Iterator[tuple[Kind, Component]]:
    """Return every built-in component but those that are torch's objects, or adapters of such."""
    for kind in KINDS.values():
        for component in built_in(kind):
            is_ours = component.location.startswith("kplug.")
            if is_ours and not has_channels_last(REGISTRY.load(component)):
                yield kind, component


def expected_table() -> str:
    """Return the table of the README, from the registry."""
    rows = ["| kind | built in | names |", "|---|---|---|"]
    for kind in BUILT_IN_KINDS.values():
        components = built_in(kind)
        ours = [one.name for one in components if one.origin.distribution == "kplug"]
        others = [one.qualified_name for one in components if one.origin.distribution != "kplug"]
        listed = ", ".join(f"`{name}`" for name in (*sorted(ours), *sorted(others)))
        rows.append(f"| {kind.plural} | {len(components)} | {listed} |")
    return "\n".join(rows)


def test_table_of_the_readme_is_the_registry() -> None:
    found = "\n".join(re.findall(r"^\|.*\|$", README.read_text(), re.MULTILINE))
    assert found == expected_table(), f"the table should be\n\n{expected_table()}"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the command has written its pages into."""
    folder = tmp_path_factory.mktemp("docs") / "pages"
    result = CliRunner().invoke(app, ["docs", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def _join(found: re.Match[str]) -> str:
    """Return what stands in one line where a long signature is broken."""
    return {"(": "(", ",": ", "}[found[0][0]] if found[0].endswith(" ") else ""


@pytest.mark.slow
@pytest.mark.parametrize("kind", BUILT_IN_KINDS.values(), ids=lambda kind: kind.name)
def test_page_has_every_component_with_its_signature(kind: Kind, pages: Path) -> None:
    for component in REGISTRY.components(kind):
        section = (pages / find_page(kind, component)).read_text(encoding="utf-8")
        facts = describe(kind, component)
        assert format_signature(facts) in re.sub(r"\(\n    |,\n    |,\n(?=\))", _join, section)
        assert f"From {component.origin}, `{component.location}`." in section
        assert all(f"`{alias}`" in section for alias in component.aliases)
        assert "It cannot be loaded" not in section


@pytest.mark.parametrize(
    ("kind", "component"), [pytest.param(*pair, id=pair[1].qualified_name) for pair in own()]
)
def test_documentation_is_in_the_house_order(kind: Kind, component: Component) -> None:
    target = REGISTRY.load(component)
    assert vars(target).get("__doc__") or inspect.isfunction(target), "it inherits its text"
    text = inspect.getdoc(target) or ""
    first, _, rest = text.partition("\n")
    assert first.endswith((".", ":"))
    assert not rest or rest.startswith("\n"), "the first line stands alone"
    titles = re.findall(r"^(Args|Returns|Raises|Example|Reference):$", text, re.MULTILINE)
    wanted = [*(["Args"] if describe(kind, component)["arguments"] else []), "Example", "Reference"]
    assert [title for title in titles if title in wanted] == wanted
