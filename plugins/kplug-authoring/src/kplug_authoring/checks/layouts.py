"""The check of the channel axis.

Nearly all image components treat height and width alike. One that mistakes the height for the channels gives
another result when the two are exchanged.
"""

from __future__ import annotations

import torch
from torch import Tensor

from kplug_authoring.checks.subject import Finding, Subject, check, find_difference, leaves
from kplug_authoring.examples import image_inputs

_TOLERANCE = 1e-5  # metrics keep float32


@check(
    "for images (N, height, width, C) the same result when height and width are exchanged",
    "Channels are on the last axis; kplug.channels_first adapts what has them on the second. If a direction "
    "is meant, say so: Example(leave_out={'layout': 'why'}).",
)
def layout(subject: Subject) -> Finding:
    """Exchange the height and the width of the images that a component accepts."""
    flat = [tuple(one[:, :8] for one in inputs) for inputs in image_inputs()]
    for inputs in [subject.inputs, *image_inputs(), *flat]:
        images = inputs[-1:] if subject.kind.name == "activation" else inputs
        if images[-1].ndim < 4 or images[0].ndim < 3:
            continue
        try:
            upright = subject.behave_on(images)
            lying = subject.behave_on(tuple(torch.transpose(one, 1, 2) for one in images))
        except Exception:  # noqa: BLE001, S112 - unsuitable inputs
            continue
        difference = find_difference(
            upright, [_transpose(one) for one in leaves(lying)], _TOLERANCE
        )
        if difference:
            return f"for images of shape {tuple(images[-1].shape)} {difference}"
    return None


def _transpose(value: Tensor) -> Tensor:
    return value.transpose(1, 2) if value.ndim > 2 else value
