"""`ReadingError`: a reading that cannot be made or understood."""

from __future__ import annotations

from kplug.errors import KplugError


class ReadingError(KplugError, ValueError):
    """A reading that cannot be made or understood; its message says why."""
