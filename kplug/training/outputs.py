"""Arguments of ``compile`` that may be written once for each output: as a list, or as a dict by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.arguments import is_number, list_words, refusal, require_number
from kplug.registry.spec import is_spec_mapping


def pick_for_output(model: Any, argument: str, given: Any) -> Any:
    """Return what is meant for the model's one output.

    Args:
        model: The model; a dict's key must be one of its ``output_names``.
        argument: The name of the argument of ``compile``, for the message.
        given: A list or tuple of one, a dict of one by the output's name, or the thing itself. A dict
            that describes a component, such as ``{"class_name": …, "config": …}``, is the thing itself.

    Raises:
        ArgumentValueError: for another number of entries, or another name.

    Example:
        >>> pick_for_output(None, "loss", ["mse"])
        'mse'
    """
    if isinstance(given, (list, tuple)):
        if len(given) != 1:
            raise refusal("compile", argument, given, "a list of one, as the model has one output")
        return given[0]
    if not isinstance(given, Mapping) or is_spec_mapping(given) or set(given) == {"name"}:
        return given
    names = list(getattr(model, "output_names", []))
    if len(given) == 1 and next(iter(given)) in names:
        return next(iter(given.values()))
    allowed = (
        f"a dict with the name of the model's output: {list_words(names)}"
        if names
        else "no dict, as the output of this model has no name"
    )
    raise refusal("compile", argument, dict(given), allowed)


def read_loss_weight(model: Any, given: Any) -> float:
    """Return the factor of the loss; 1 if there is none.

    Raises:
        ArgumentValueError: if it is no finite number, or not one for the one output.
    """
    if given is None:
        return 1.0
    weight = given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given
    if isinstance(weight, Mapping):
        weight = pick_for_output(model, "loss_weights", weight)
    allowed = "a number, or a list of one number per output"
    if not is_number(weight):
        raise refusal("compile", "loss_weights", given, allowed)
    return require_number("compile", "loss_weights", weight, "a finite number")
