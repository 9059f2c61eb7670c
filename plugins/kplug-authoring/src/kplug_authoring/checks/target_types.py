"""The check of whole targets in any type, as files of images have bytes and tables have int32."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    check,
    find_difference,
    leaves,
)
from kplug_authoring.examples import cast, usual_inputs

_TYPES = (torch.uint8, torch.int8, torch.int32)
_TOLERANCE = 1e-5  # metrics keep float32


@check(
    "the same number for whole targets in each type that it takes: uint8, int8, int32, int64",
    "Convert targets first: y_true.to(y_pred.dtype), or y_true.long() for class ids. Bytes have no numbers "
    "below 0: 1 - 2 is 255.",
    after=("inputs", "determinism"),
)
def target_types(subject: Subject) -> Finding:
    """Give whole targets in types of whole numbers; the floats may mean something else."""
    for inputs in [subject.inputs, *usual_inputs(subject.kind.name)]:
        targets, predictions = (
            inputs if len(inputs) == 2 else (torch.tensor(0.5), torch.tensor(0.5))
        )
        if bool((targets != targets.long()).any()) or bool((targets < 0).any()):
            continue
        try:
            expected = _run(subject, targets.long(), predictions)
        except Exception:  # noqa: BLE001, S112 - it refuses them
            continue
        for dtype in _TYPES:
            try:
                found = _run(subject, targets.to(dtype), predictions)
            except Exception:  # noqa: BLE001, S112 - it refuses the type
                continue
            difference = find_difference(expected, found, _TOLERANCE)
            if difference:
                shape = tuple(targets.shape)
                return f"targets of shape {shape} in torch.int64, and in {dtype}: {difference}"
    return None


def _run(subject: Subject, targets: Tensor, predictions: Tensor) -> list[Tensor]:
    made = subject.make()
    if subject.kind.name == "loss":
        (given,) = cast([predictions], torch.float64)
        return [torch.as_tensor(made(targets, given)).detach()]
    made.update_state(targets, *cast([predictions], torch.float32), sample_weight=None)
    return [value.double() for value in leaves(made.result())]
