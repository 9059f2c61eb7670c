"""Assigns arguments of ``compile`` to outputs: from one value, a list, or a dict by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kplug.components.arguments import is_number, list_words, refusal, require_number
from kplug.errors import ArgumentValueError
from kplug.registry.spec import is_named, is_spec_mapping
from kplug.registry.suggestions import did_you_mean


def name_outputs(loss: Any) -> tuple[str, ...]:
    """Return the names that a loss gives the outputs of a model whose class states none.

    Example:
        >>> name_outputs({"score": "mse", "kind": "mae"}), name_outputs("mse")
        (('score', 'kind'), ('',))
    """
    is_named = _is_by_name(loss) and all(name and isinstance(name, str) for name in loss)
    return tuple(loss) if is_named and loss else ("",)


def spread_losses(names: Sequence[str], given: Any) -> list[Any]:
    """Return the loss for each output; None for one without.

    Args:
        names: The names of the outputs, in order; an empty string for one that has none.
        given: A loss for every output, a list with one for each, or a dict by name, which may leave
            names out. A dict that describes a component, such as ``{"class_name": …, "config": …}``,
            is a loss.

    Raises:
        ArgumentValueError: for another number of entries, or another name.

    Example:
        >>> spread_losses(["score", "kind"], {"kind": "mse"})
        [None, 'mse']
    """
    if isinstance(given, (list, tuple)):
        return _require_count(names, "loss", given)
    if _is_by_name(given):
        return _pick_by_name(names, "loss", given)
    return [given] * len(names)


def spread_metrics(names: Sequence[str], argument: str, given: Any) -> list[list[Any]]:
    """Return the metrics for each output.

    ``given`` is a metric, or a list of one, for every output; a list with an entry for each; or a dict by
    name. An entry is None, a metric or a list of metrics. For one output, any list holds its metrics.

    Raises:
        ArgumentValueError: for another number of entries, or another name.

    Example:
        >>> spread_metrics(["score", "kind"], "metrics", [["mae", "mse"], None])
        [['mae', 'mse'], []]
        >>> spread_metrics(["score"], "metrics", ["mae", "mse"])
        [['mae', 'mse']]

    Reference:
        Keras 2 applies a list of metrics to every output of a model, Keras 3 one entry to each. Here a
        list of one applies to all outputs, and a longer one has an entry for each.
    """
    if _is_by_name(given):
        return [_as_list(entry) for entry in _pick_by_name(names, argument, given)]
    if not isinstance(given, (list, tuple)) or not given:
        return [_as_list(given) for _ in names]
    is_nested = any(isinstance(entry, (list, tuple)) for entry in given)
    if len(names) == 1:
        return [_as_list(given[0]) if is_nested and len(given) == 1 else list(given)]
    if len(given) == 1 and not is_nested:
        return [list(given) for _ in names]
    return [_as_list(entry) for entry in _require_count(names, argument, given)]


def spread_weights(names: Sequence[str], given: Any) -> list[float]:
    """Return the factor of each output's loss; 1 where there is none.

    Raises:
        ArgumentValueError: if one is no finite number, their count differs, or a name is unknown.
    """
    allowed = "a number, or a list of one number per output"
    if given is None:
        return [1.0] * len(names)
    if isinstance(given, Mapping):
        entries = _pick_by_name(names, "loss_weights", given)
    elif isinstance(given, (list, tuple)) and len(given) == len(names):
        entries = list(given)
    elif len(names) == 1:
        entries = [given]
    else:
        raise refusal("compile", "loss_weights", given, _one_each(names, "a list of numbers"))
    for entry in entries:
        if entry is not None and not is_number(entry):
            raise refusal("compile", "loss_weights", given, allowed)
    return [
        1.0
        if entry is None
        else require_number("compile", "loss_weights", entry, "a finite number")
        for entry in entries
    ]


def _is_by_name(given: Any) -> bool:
    if not isinstance(given, Mapping):
        return False
    return not is_spec_mapping(given) and not is_named(given)


def _as_list(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _require_count(names: Sequence[str], argument: str, given: Sequence[Any]) -> list[Any]:
    if len(given) == len(names):
        return list(given)
    raise refusal("compile", argument, given, _one_each(names, "a list"))


def _one_each(names: Sequence[str], what: str) -> str:
    if len(names) == 1:
        return f"{what} of one, as the model has one output"
    return f"{what} with one entry for each output: {', '.join(map(repr, names))}"


def _pick_by_name(names: Sequence[str], argument: str, given: Mapping[str, Any]) -> list[Any]:
    for name in given:
        if not name or name not in names:
            raise _unknown_name(names, argument, given, name)
    return [given.get(name) for name in names]


def _unknown_name(
    names: Sequence[str], argument: str, given: Mapping[str, Any], name: str
) -> ArgumentValueError:
    if not all(names):
        allowed = "no dict, as the output of this model has no name"
        return refusal("compile", argument, dict(given), allowed)
    owner = "output" if len(names) == 1 else "outputs"
    a_name = "the name" if len(names) == 1 else "names"
    allowed = f"a dict with {a_name} of the model's {owner}: {list_words(names)}"
    error = refusal("compile", argument, dict(given), allowed)
    error.hint = did_you_mean(name, names) or None
    return error
