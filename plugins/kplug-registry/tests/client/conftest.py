"""Tests of the client run on a machine without settings and without copies of registries."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _on_that_machine(machine: Path) -> None:
    """Run each test in the empty project."""
