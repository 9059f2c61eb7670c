"""Every spec that stands in quotes in a document or a docstring can be resolved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import kplug
from kplug.errors import KplugError, UnknownComponentError, WrongKindError
from kplug.inspection import KINDS

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "kplug").rglob("*.py"),
        *ROOT.glob("plugins/*/README.md"),
        *ROOT.glob("plugins/*/src/**/*.py"),
    ]
)
# A name and its arguments between two quotes of one kind; `{` and `…` are placeholders.
QUOTED = re.compile(r"""(["'])((?:[\w-]+/)?[a-z]\w*\((?:(?!\1)[^\n{…])*\))\1""")
# They show an error, or how a text is read.
REFUSED = {
    "huber(detla=2.0)",
    "dice_loss(smoth=1.0, thresh=0.5)",
    "dice_loss(smooth=1e-5, thresh=open('x').read())",
    "kplug/adam(lr=0.5, ...)",
    "threshold(theta, 0)",
}


def list_examples() -> list[tuple[str, str]]:
    return sorted(
        {
            (str(path.relative_to(ROOT)), match[2])
            for path in FILES
            for match in QUOTED.finditer(path.read_text("utf-8"))
            if match[2] not in REFUSED and not match[2].startswith("acme/")  # the reader's own
        }
    )


def find_fault(text: str) -> str | None:
    """Return why no kind resolves a text; a name of no component is a reader's own."""
    fault = None
    for kind in KINDS:
        try:
            kplug.resolve(kind, text)
        except (WrongKindError, UnknownComponentError):
            continue
        except KplugError as error:
            fault = str(error)
        else:
            return None
    return fault


def test_there_are_examples() -> None:
    assert len(list_examples()) > 50


def _as_case(path: str, text: str) -> Any:
    # Loggers need libraries that the quick tests do without.
    return pytest.param(path, text, marks=[pytest.mark.slow] if "loggers" in path else [])


@pytest.mark.parametrize(("path", "text"), [_as_case(*each) for each in list_examples()])
def test_an_example_can_be_resolved(path: str, text: str) -> None:
    assert find_fault(text) is None, path
