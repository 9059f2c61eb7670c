"""The command line: one module a command, each of which prints what the library knows."""

from __future__ import annotations

from kplug.cli.app import main

__all__ = ["main"]
