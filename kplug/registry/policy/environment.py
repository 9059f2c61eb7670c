"""Reads settings from environment variables, and refuses unknown ``KPLUG_`` variables."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

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


def read_environment(
    environ: Mapping[str, str], others: Collection[str] = frozenset()
) -> Source | None:
    """Read the settings among the variables, and refuse unknown ones that look alike; None without any.

    Args:
        environ: The variables.
        others: Those that files of settings call other programs'.
    """
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
    others = {*others, *list_other_variables(found)}
    unknown = [name for name in sorted(environ) if _is_unknown(name, others)]
    errors = (*map(_unknown, unknown), *_check_allocator(environ), *found.errors)
    strange = tuple(name for name in unknown if _find_meant(name) is None)
    source = Source(ENVIRONMENT, found.settings, errors, strange_variables=strange)
    return source if values or errors else None


def list_other_variables(source: Source) -> list[str]:
    """Return the variables that a source calls other programs'."""
    setting = source.settings.get("other-variables")
    return [entry.distribution for entry in setting.entries] if setting else []


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


def _is_unknown(name: str, others: Collection[str]) -> bool:
    """Whether a variable may be a misspelt setting, so that ignoring it could load unwanted plugins."""
    upper = as_meant(name).upper()
    if not upper.startswith("KPLUG") or name in VARIABLES or name in others:
        return False
    return upper.startswith(_PREFIX) or find_closest(upper, VARIABLES, likeness=0.9) is not None


def _find_meant(name: str) -> str | None:
    return suggest_key(name[len(_PREFIX) :])


def _unknown(name: str) -> PolicyError:
    meant = _find_meant(name)
    question = f"{ask(_label(meant))} " if meant else ""
    return PolicyError(
        f"the environment variable {shorten(make_printable(name))} is no setting of kplug",
        hint=f"{question}Variables are {', '.join(VARIABLES)}. Another program's is named by the setting "
        "other-variables.",
    )
