"""``h5py``, imported when a file is first read or written: importing it takes as long as 60 modules."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import h5py as h5py
else:

    class _Library:
        """The module's attributes, which are kept here after their first use."""

        def __getattr__(self, name: str) -> Any:
            found = vars(self)[name] = getattr(importlib.import_module("h5py"), name)
            return found

    h5py = _Library()
