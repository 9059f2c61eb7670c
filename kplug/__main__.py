"""``python -m kplug`` is the command line."""

from __future__ import annotations

from kplug.cli import main

if __name__ == "__main__":
    main()
