"""Tracks the outermost layer call of each thread and the layers created during it."""

from __future__ import annotations

import threading
from typing import Any

from kplug.layers.base.layer_warnings import warn_once
from kplug.registry.user_warnings import describe_caller


class _Thread(threading.local):
    """Thread-local state: the outermost call in progress.

    Attributes:
        call: A token unique to the outermost call; None outside of calls.
        made: Layers created and built during the call, each with the source line.
        is_repeatable: Whether a call in progress is computed again in the backward pass.
        is_repeating: Whether that is happening, so that losses and metrics have been noted before.
    """

    call: object = None
    made: tuple[tuple[Any, str], ...] = ()
    is_repeatable: bool = False
    is_repeating: bool = False


THREAD = _Thread()


def note_built(layer: Any) -> None:
    """Record a layer that was created during the thread's outermost call."""
    if THREAD.call is not None and layer._made_in_call is THREAD.call:
        THREAD.made += ((layer, describe_caller()),)


def warn_of_lost_layers(caller: Any, made: tuple[tuple[Any, str], ...]) -> None:
    """Warn once about layers with weights that a call created without attaching them to the called layer.

    Args:
        caller: The layer or model that was called.
        made: The layers, each with the source line that built it.
    """
    parts = set(caller.modules())
    for layer, _ in made:
        parts.update(part for part in layer.modules() if part is not layer)
    for layer, place in made:
        # On meta tensors only shapes are inferred: the first real call warns.
        is_trained = any(one.requires_grad and not one.is_meta for one in layer.parameters())
        if is_trained and layer not in parts:
            warn_once(
                caller,
                "lost layers",
                f"layer {layer.name!r} ({type(layer).__name__}) was made while {caller.name!r} was called, "
                f"and is no part of it, so its weights are not trained: {place}. If each call makes one, "
                "they are new each time. Make it in __init__ or in build, and keep it as an attribute.",
            )
