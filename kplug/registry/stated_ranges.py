"""`search_ranges`: the decorator with which authors state what is worth a search."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from kplug.registry.component import Anything, mark, own_attributes
from kplug.registry.component_facts import name_target
from kplug.registry.errors import RegistrationError
from kplug.registry.parameters import VARIADIC, find_all_parameters
from kplug.registry.quoting import quote
from kplug.registry.ranges import Searched, check_ranges
from kplug.registry.suggestions import did_you_mean

_MARK = "__kplug_search_ranges__"


def search_ranges(**ranges: Searched) -> Callable[[Anything], Anything]:
    """State which values of a component's arguments are worth a search.

    ``kplug show`` and the schema of ``kplug schema`` say them, ``kplug check`` makes the component at their
    ends, and searches such as those of ``kplug-optuna`` begin with them. Subclasses keep them.

    Args:
        ranges: For each argument a `kplug.Range`, or a tuple of choices.

    Raises:
        RegistrationError: if a value is neither, or the signature has no such argument.

    Example:
        >>> from kplug import Range
        >>> @search_ranges(smooth=Range(1e-6, 1.0, log=True), squared=(False, True))
        ... def overlap(y_true, y_pred, smooth=1.0, squared=False): ...
        >>> find_stated_ranges(overlap)["squared"]
        (False, True)
    """

    def state(target: Anything) -> Anything:
        owner = name_target(target)
        check_ranges(owner, ranges)
        known = [
            name
            for name, parameter in find_all_parameters(target).items()
            if parameter.kind not in VARIADIC
        ]
        for name in ranges.keys() - known:
            question = did_you_mean(name, known)
            raise RegistrationError(
                f"{owner} has no argument {quote(name)}, for which a search range is stated"
                f"{f'. {question}' if question else ''}",
                hint=f"Known: {', '.join(known) or 'none'}.",
            )
        return mark(target, _MARK, ranges)

    return state


def find_stated_ranges(target: object) -> dict[str, Searched]:
    """Return the `search_ranges` of a function, or of a class and its bases."""
    owners = reversed(target.__mro__) if inspect.isclass(target) else (target,)
    return {
        name: values
        for owner in owners
        for name, values in own_attributes(owner).get(_MARK, {}).items()
    }
