"""`PictureMaker`: draws a wheel's components, if the same build is installed here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from kplug_registry.drawing.drawing_process import DrawingProcess, NotDrawnError
from kplug_registry.drawing.installed_plugins import (
    InstalledPlugin,
    find_obstacle,
    read_environment,
)
from kplug_registry.site_format import DrawnComponent, Picture
from kplug_registry.wheels import WheelContents

_TIME_LIMIT = 30.0
_MOST_NAMES = 5  # names listed for each reason


class PictureMaker:
    """Draws the components of wheels, and records failures.

    Args:
        time_limit: Seconds for each component.

    It is a context manager: leaving it ends the drawing process.
    """

    def __init__(self, time_limit: float = _TIME_LIMIT) -> None:
        self._process = DrawingProcess(time_limit)
        self._drawn = self._asked = 0
        self._missing: dict[str, list[str]] = {}

    def __enter__(self) -> PictureMaker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.close()

    def add_pictures(self, wheel: WheelContents) -> WheelContents:
        """Return a wheel with the pictures of its components.

        Raises:
            PublishingError: if listing the installed plugins fails.
        """
        name, version = wheel.metadata.name, wheel.metadata.version
        self._asked += len(wheel.components)
        obstacle = find_obstacle(self._environment, name, version, wheel.path)
        if obstacle is not None:
            self._note(f"{name} {version} {obstacle}", f"all of its {len(wheel.components)}")
            return wheel
        drawn, pictures = [], {}
        for entry in wheel.components:
            spec = f"{name}/{entry.name}"
            try:
                content, text = self._process.draw(entry.kind, spec)
            except NotDrawnError as error:
                self._note(str(error), spec)
                continue
            digest = hashlib.sha256(content).hexdigest()
            pictures[digest] = content
            drawn.append(DrawnComponent(entry.kind, entry.name, Picture(digest, text)))
        self._drawn += len(drawn)
        return replace(wheel, drawn=tuple(drawn), pictures=pictures)

    def summarize(self) -> Iterator[str]:
        """Yield lines with the number of pictures, and the reasons for missing ones."""
        yield f"pictures of {self._drawn} of {self._asked} component{'s' * (self._asked != 1)}"
        for reason, names in self._missing.items():
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            yield f"  without: {', '.join(names[:_MOST_NAMES])}{more}: {reason}"

    @cached_property
    def _environment(self) -> dict[str, InstalledPlugin]:
        return read_environment()

    def _note(self, reason: str, name: str) -> None:
        self._missing.setdefault(reason, []).append(name)
