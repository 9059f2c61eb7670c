"""`call_within`: calls a function that may never return."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def call_within(
    seconds: float,
    function: Callable[Arguments, Result],
    *arguments: Arguments.args,
    **keywords: Arguments.kwargs,
) -> Result:
    """Return what a function returns, if it does so in time.

    Libraries ask a server that does not answer again and again, for minutes or for ever.

    Args:
        seconds: The longest time that the call may take; then it is left to itself.
        function: The function; it runs in a thread of its own.
        *arguments: Its arguments.
        **keywords: Its arguments by name.

    Raises:
        TimeoutError: The time is over.
        Exception: What the function raises.

    Example:
        >>> call_within(10.0, max, 1, 2)
        2
    """
    returned: list[Result] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(function(*arguments, **keywords))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not returned:
        raise TimeoutError(f"no answer within {seconds:g} seconds")
    return returned[0]
