"""Runs the command line as ``python -m kplug``."""

from __future__ import annotations

from kplug.cli import main

if __name__ == "__main__":
    main()
