"""`GroupedPublishing`: publishes uploads that wait for one another as one change, with one snapshot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kplug.errors import KplugError
from kplug_registry.errors import BusySiteError, TrustError
from kplug_registry.site_format import Workflow
from kplug_registry.wheels import WheelContents

Publish = Callable[[Sequence[WheelContents], str, Workflow | None], object]


@dataclass(eq=False)
class _Upload:
    wheel: WheelContents
    publisher: str
    workflow: Workflow | None
    is_done: bool = False
    error: KplugError | None = None


class GroupedPublishing:
    """Publishes wheels of several threads. While one change is written, the next ones wait and share another.

    Args:
        publish: Publishes wheels in the name of an owner, all or none.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._waiting: list[_Upload] = []
        self._turn = threading.Lock()

    def add(self, wheel: WheelContents, publisher: str, workflow: Workflow | None = None) -> None:
        """Publish a wheel, together with others that wait; what is wrong with those does not matter to it.

        Raises:
            KplugError: if the wheel cannot be published.
        """
        upload = _Upload(wheel, publisher, workflow)
        self._waiting.append(upload)
        with self._turn:
            if not upload.is_done:  # no other thread has published it meanwhile
                try:
                    same = (publisher, workflow)
                    self._publish_group(
                        [one for one in self._waiting if (one.publisher, one.workflow) == same]
                    )
                finally:
                    if not upload.is_done:  # the program has a mistake
                        self._waiting.remove(upload)
        if upload.error is not None:
            raise upload.error

    def _publish_group(self, group: Sequence[_Upload]) -> None:
        error: KplugError | None = None
        try:
            self._publish([one.wheel for one in group], group[0].publisher, group[0].workflow)
        except (BusySiteError, TrustError) as found:  # it is nobody's wheel
            error = found
        except KplugError as found:
            if len(group) > 1:  # one by one, so that only those that are wrong are refused
                for one in group:
                    self._publish_group([one])
                return
            error = found
        for one in group:
            one.is_done, one.error = True, error
            self._waiting.remove(one)
