"""Reads settings from environment variables, and refuses unknown ``KPLUG_`` variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kplug.registry.errors import PolicyError
from kplug.registry.policy.keys import KEYS
from kplug.registry.policy.settings import Source, as_meant, read_settings, suggest_key
from kplug.registry.quoting import make_printable, quote, shorten
from kplug.registry.suggestions import ask, find_closest

ENVIRONMENT = "environment"
POLICY_VARIABLE = "KPLUG_POLICY"
# No settings, as they do not affect what may load.
TRACEBACK_VARIABLE = "KPLUG_TRACEBACK"
ALLOCATOR_VARIABLE = "KPLUG_ALLOCATOR"
LOCK_VARIABLE = "KPLUG_LOCK"
ALLOCATORS = ("kplug", "system")
_PREFIX = "KPLUG_"
VARIABLES = (
    *(key.variable for key in KEYS.values()),
    POLICY_VARIABLE,
    TRACEBACK_VARIABLE,
    ALLOCATOR_VARIABLE,
    LOCK_VARIABLE,
)
_COMMA = re.compile(r",(?!\s*[<>=!~])")  # not that of "a>=1,<2"
_SWITCH = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}


def read_environment(environ: Mapping[str, str]) -> Source | None:
    """Read the settings among the variables, and refuse unknown ones that look alike; None without any."""
    values: dict[str, object] = {}
    for key in KEYS:
        text = environ.get(_label(key))
        if text is not None and KEYS[key].is_switch:
            values[key] = _SWITCH.get(text.lower(), text)
        elif text is not None and KEYS[key].is_text:
            values[key] = text
        elif text is not None:
            values[key] = [part.strip() for part in _COMMA.split(text) if part.strip()]
    found = read_settings(ENVIRONMENT, values, _label)
    unknown = (_unknown(name) for name in sorted(environ) if _is_unknown(name))
    errors = (*unknown, *_check_allocator(environ), *found.errors)
    return Source(ENVIRONMENT, found.settings, errors) if values or errors else None


def wants_traceback(environ: Mapping[str, str]) -> bool:
    """Whether the command line shows tracebacks of errors."""
    text = environ.get(TRACEBACK_VARIABLE, "")
    return bool(text) and _SWITCH.get(text.lower(), True)


def _check_allocator(environ: Mapping[str, str]) -> Iterator[PolicyError]:
    allocator = environ.get(ALLOCATOR_VARIABLE) or "kplug"
    if allocator not in ALLOCATORS:
        yield PolicyError(
            f"{ALLOCATOR_VARIABLE} is {quote(allocator)}", hint=f"It is {' or '.join(ALLOCATORS)}."
        )


def _label(key: str) -> str:
    return KEYS[key].variable if key in KEYS else POLICY_VARIABLE


def _is_unknown(name: str) -> bool:
    """Whether a variable may be a misspelt setting, so that ignoring it could load unwanted plugins."""
    upper = as_meant(name).upper()
    if not upper.startswith("KPLUG") or name in VARIABLES:
        return False
    return upper.startswith(_PREFIX) or find_closest(upper, VARIABLES, likeness=0.9) is not None


def _unknown(name: str) -> PolicyError:
    meant = suggest_key(name[len(_PREFIX) :])
    question = f"{ask(_label(meant))} " if meant else ""
    return PolicyError(
        f"the environment variable {shorten(make_printable(name))} is no setting of kplug",
        hint=f"{question}Variables are {', '.join(VARIABLES)}.",
    )
