"""`Pyproject`: finds and reads a plugin's ``pyproject.toml``, and adds entry points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from kplug import lookup_key
from kplug.display.messages import quote
from kplug.errors import KplugError

_BY_HAND = "Add the entry point by hand, as in docs/plugins/declaring.md."


@dataclass(frozen=True)
class Pyproject:
    """The file of a project.

    Args:
        path: Its path.
        text: Its text.
    """

    path: Path
    text: str

    @property
    def folder(self) -> Path:
        """The folder of the project."""
        return self.path.parent

    @property
    def distribution(self) -> str:
        """The name of the distribution.

        Raises:
            KplugError: if the name is missing, or entry points are dynamic.
        """
        project = self._parse().unwrap().get("project")
        name = project.get("name") if isinstance(project, dict) else None
        if not isinstance(project, dict) or not isinstance(name, str):
            raise KplugError(
                f"{str(self.path)!r} has no [project] table with a name",
                hint="kplug adds to projects that are described there. " + _BY_HAND,
            )
        if "entry-points" in project.get("dynamic", ()):
            raise KplugError(
                f"{str(self.path)!r} says that its entry points are dynamic",
                hint="Something else writes them: tell it of the component.",
            )
        return name

    def find_package(self) -> Path:
        """Return the folder of the package, relative to the project.

        Raises:
            KplugError: if there is none named after the distribution.
        """
        package = self.distribution.lower().replace("-", "_").replace(".", "_")
        for place in (Path("src", package), Path(package)):
            if (self.folder / place / "__init__.py").is_file():
                return place
        raise KplugError(
            f"{str(self.folder)!r} has no package {package!r}, neither in src/ nor beside pyproject.toml",
            hint=f"Make src/{package}/__init__.py, or add the component by hand.",
        )

    def add_entry_point(self, group: str, name: str, target: str) -> str:
        """Return the text of the file with one more entry point, otherwise unchanged.

        Raises:
            KplugError: if the name is declared already, or the file's form cannot be preserved.
        """
        document = self._parse()
        expected = document.unwrap()
        groups = expected["project"].setdefault("entry-points", {})
        declared = groups.setdefault(group, {}) if isinstance(groups, dict) else None
        if not isinstance(declared, dict):
            raise KplugError(
                f"what {str(self.path)!r} has under [project.entry-points] is not a table of entry points",
                hint="Mend it first: each group is a table of names and targets.",
            )
        _check_is_new(declared, group, name)
        declared[name] = target
        text = self._write(document, group, name, target)
        if self._parse(text).unwrap() != expected:  # tomlkit mishandles some rare forms
            raise KplugError(f"{str(self.path)!r} has a form that cannot be kept", hint=_BY_HAND)
        return text

    def _write(self, document: Any, group: str, name: str, target: str) -> str:
        project = document["project"]
        if "entry-points" not in project:
            project["entry-points"] = tomlkit.table(is_super_table=True)
        groups = project["entry-points"]
        if group not in groups:
            groups[group] = tomlkit.table()
        groups[group][name] = target
        text: str = tomlkit.dumps(document)
        is_windows = "\r\n" in self.text
        return text.replace("\r\n", "\n").replace("\n", "\r\n") if is_windows else text

    def _parse(self, text: str | None = None) -> Any:
        try:
            return tomlkit.parse(self.text if text is None else text)
        except tomlkit.exceptions.TOMLKitError as error:
            raise KplugError(
                f"{str(self.path)!r} is not valid TOML: {error}", hint="Mend it first."
            ) from error


def _check_is_new(declared: dict[str, object], group: str, name: str) -> None:
    for other, place in declared.items():
        if lookup_key(other) == lookup_key(name):
            raise KplugError(
                f"{quote(name)} is declared already, in [project.entry-points.{group!r}]: {other} = "
                f"{quote(place)}",
                hint="Case, '_' and '-' do not matter in names. Give another one.",
            )


def find_pyproject() -> Pyproject:
    """Return the nearest ``pyproject.toml``, from the working directory upwards.

    Raises:
        KplugError: if there is none, or if it cannot be read.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                with path.open(encoding="utf-8", newline="") as file:
                    return Pyproject(path.resolve(), file.read())
            except (OSError, UnicodeError) as error:
                raise KplugError(
                    f"{str(path)!r} cannot be read: {error}", hint="Mend it first."
                ) from error
    raise KplugError(
        f"there is no pyproject.toml in {str(here)!r}, nor in a folder above it",
        hint="Go to your plugin's folder; `kplug new NAME` writes a new one.",
    )
