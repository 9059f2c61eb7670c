"""`UploadChecks`: checks uploaded releases one after the other, while the server goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from kplug.errors import KplugError
from kplug_registry.checking.release_checks import check_release
from kplug_registry.checking.sandbox import Sandbox
from kplug_registry.storage import SiteStorage
from kplug_registry.trust.keys import SigningKeys


class UploadChecks:
    """Checks releases in a thread of its own, in the order in which they come.

    Args:
        site: The storage of the site.
        sandbox: Where the checks run.
        keys: The keys that sign the results, if the site is signed.
        tell: Called with a sentence about each release.
    """

    def __init__(
        self,
        site: SiteStorage,
        sandbox: Sandbox,
        keys: SigningKeys | None,
        tell: Callable[[str], None],
    ) -> None:
        self._site, self._sandbox, self._keys, self._tell = site, sandbox, keys, tell
        self._waiting: SimpleQueue[tuple[str, str] | None] = SimpleQueue()
        self._is_open = True
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def add(self, name: str, version: str) -> None:
        """Have a release checked after those that were added before."""
        self._waiting.put((name, version))

    def close(self) -> None:
        """End the check that runs. What waits is left to `kplug attest`."""
        self._is_open = False
        self._waiting.put(None)
        self._sandbox.close()
        self._thread.join()

    def _work(self) -> None:
        while self._is_open and (release := self._waiting.get()) is not None:
            try:
                said = check_release(self._site, *release, self._sandbox, self._keys)
            except KplugError as error:
                said = f"{' '.join(release)} was not checked: {error}"
            self._tell(said)
