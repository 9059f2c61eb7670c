"""Checks ``jit_compile``, ``run_eagerly`` and ``steps_per_execution`` of ``compile``."""

from __future__ import annotations

import sys

from kplug.components.arguments import refusal, require_flag, require_integer
from kplug.registry.user_warnings import warn

AUTO, REDUCE_OVERHEAD = "auto", "reduce-overhead"


def read_jit(jit_compile: object, run_eagerly: object) -> bool | str:
    """Return whether steps run as compiled graphs, or how: ``"auto"`` or ``"reduce-overhead"``.

    Args:
        jit_compile: A flag; ``"auto"`` to compile where that saves time; or ``"reduce-overhead"``,
            torch's name for CUDA graphs; None is False.
        run_eagerly: A flag that switches compiling off; None is False.

    Raises:
        ArgumentValueError: If one has another value.

    Example:
        >>> read_jit("auto", False), read_jit("auto", True), read_jit(True, None)
        ('auto', False, True)
    """
    is_eager = run_eagerly is not None and require_flag("compile", "run_eagerly", run_eagerly)
    if jit_compile is None:
        return False
    if not isinstance(jit_compile, bool) and jit_compile not in (AUTO, REDUCE_OVERHEAD):
        allowed = f"True, False, {AUTO!r} or {REDUCE_OVERHEAD!r}"
        raise refusal("compile", "jit_compile", jit_compile, allowed)
    if jit_compile and jit_compile != AUTO and is_eager:
        warn(f"compile: run_eagerly=True switches jit_compile={jit_compile!r} off")
    return False if is_eager else jit_compile


def read_steps_per_execution(steps: object) -> int:
    """Return the number of steps between calls of callbacks.

    Raises:
        ArgumentValueError: If it is no integer >= 1.
    """
    allowed = "an integer >= 1"
    found = require_integer("compile", "steps_per_execution", steps, allowed, at_least=1)
    return min(found, sys.maxsize)  # itertools counts no further
