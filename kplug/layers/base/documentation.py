"""Documentation of arguments that layers share, written once.

A layer's docstring describes what is its own. Arguments that it leaves out are described in the words of its
bases, then in those of ``SHARED``; what it may raise, in those of its bases.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping

SHARED = {
    "activation": "A component; ``None`` is ``linear``.",
    "data_format": '``"channels_last"`` or ``"channels_first"``; ``None`` is ``image_data_format()``.',
    "use_bias": "Whether there is a bias.",
    "kernel_initializer": "First values of the kernel.",
    "bias_initializer": "First values of the bias.",
    "kernel_regularizer": "Penalty of the kernel.",
    "bias_regularizer": "Penalty of the bias.",
    "activity_regularizer": "Penalty of the outputs.",
    "kernel_constraint": "Applied to the kernel after each update.",
    "bias_constraint": "Applied to the bias after each update.",
    "beta_initializer": "First values of beta.",
    "gamma_initializer": "First values of gamma.",
    "beta_regularizer": "Penalty of beta.",
    "gamma_regularizer": "Penalty of gamma.",
    "beta_constraint": "Applied to beta after each update.",
    "gamma_constraint": "Applied to gamma after each update.",
    "dropout": "Part of the scores that is dropped in training, in [0, 1].",
    "seed": "Lets the layer draw from a generator of its own; ``None`` is torch's.",
    "kwargs": "What every layer takes.",
}
_ORDER = ("", "Args:", "Attributes:", "Returns:", "Raises:", "Example:", "Reference:")
_ENTRY = re.compile(r"^ {4}(\w+): ((?:.*\n?)(?: {8}.*\n?)*)", re.MULTILINE)


def complete_documentation(owner: type) -> None:
    """Add to a class's docstring the arguments, and the errors, that only its bases describe.

    Example:
        >>> class Noise:
        ...     '''Adds noise.
        ...
        ...     Args:
        ...         stddev: Standard deviation of the noise.
        ...     '''
        ...     def __init__(self, stddev, seed=None): ...
        >>> class PinkNoise(Noise):
        ...     '''Adds pink noise.'''
        >>> complete_documentation(PinkNoise)
        >>> print(PinkNoise.__doc__)
        Adds pink noise.
        <BLANKLINE>
        Args:
            stddev: Standard deviation of the noise.
            seed: Lets the layer draw from a generator of its own; ``None`` is torch's.
    """
    text = vars(owner).get("__doc__")
    if not text:  # the class has none, or Python drops them
        return
    sections = dict(_split(text))
    inherited = [_split(base.__doc__) for base in owner.__mro__[1:] if base.__doc__]
    described = SHARED.copy()
    for one in (*reversed(inherited), sections):
        described |= _read_entries(one.get("Args:", ""))
    names = _list_arguments(owner.__init__)  # type: ignore[misc]
    entries = [f"    {name}: {described[name].rstrip()}" for name in names if name in described]
    if entries:
        sections["Args:"] = "\n".join(entries)
    errors = [one["Raises:"] for one in inherited if "Raises:" in one]
    if errors:
        sections.setdefault("Raises:", errors[0])
    owner.__doc__ = "\n\n".join(
        f"{title}\n{sections[title]}".lstrip("\n") for title in _ORDER if title in sections
    )


@functools.cache
def _split(text: str) -> Mapping[str, str]:
    """Return what stands before the sections of a docstring, under ``""``, and each under its title."""
    sections: dict[str, list[str]] = {"": []}
    title = ""
    for line in inspect.cleandoc(text).splitlines():
        if line in _ORDER[1:]:
            title = line
        sections.setdefault(title, []).append(line)
    return {
        title: "\n".join(lines).removeprefix(title).strip("\n") for title, lines in sections.items()
    }


@functools.cache
def _read_entries(text: str) -> Mapping[str, str]:
    return dict(_ENTRY.findall(text))


@functools.lru_cache(maxsize=8)  # classes that share a constructor follow each other
def _list_arguments(init: Callable[..., None]) -> list[str]:
    return list(inspect.signature(init).parameters)[1:]
