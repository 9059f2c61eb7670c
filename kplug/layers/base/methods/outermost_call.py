"""The call of a layer, in no other layer's, that a thread is in."""

from __future__ import annotations

import threading


class _Thread(threading.local):
    """An object of its own for each such call; or None."""

    call: object = None


THREAD = _Thread()
