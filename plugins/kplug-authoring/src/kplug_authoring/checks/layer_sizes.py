"""The check of layers with many places: what holds for small images and sequences holds for large ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from kplug_authoring.checks.layer_forms import build, draw, run
from kplug_authoring.checks.layer_inputs import calls_of
from kplug_authoring.checks.subject import Finding, Subject, check, find_difference

_TOLERANCE = 1e-3  # of float32, in which many places are added up
_SIZES = (((12, 12), (40, 40)), ((48,), (1_500,)))


def _turn(value: Tensor) -> Tensor:
    return value.flip(*range(1, value.ndim - 1))


def _exchange(value: Tensor) -> Tensor:
    """Move the places of each sample on by a third, and by one, so that no row stays together."""
    places = value.flatten(1, -2)
    return places.roll(places.shape[1] // 3 + 1, 1).reshape(value.shape)


_MOVES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "turned by 180°": _turn,
    "with places exchanged": _exchange,
}


@check(
    "of images of 1,600 pixels and sequences of 1,500 steps, as of small ones, every place wherever it is",
    "Take all places: no fixed number of them, and no draw among them. Join what is computed in blocks, as a "
    "softmax over all of them.",
    after=("batch_sizes", "single_row", "inference", "determinism"),
)
def many(subject: Subject) -> Finding:
    """Move places of large inputs, where small ones show that outputs stay the same, or move as they do."""
    given = calls_of(subject)
    if subject.given_inputs is not None or len(given) != 1 or not isinstance(given[0], Tensor):
        return None
    for small, large in _SIZES:
        few, more = (draw(1, *one, 3) for one in (small, large))
        layer = build(subject, (few,))
        for name, move in _MOVES.items() if layer is not None else ():
            try:
                follow = _find_symmetry(layer, few, move)
                finding = follow and _compare(layer, more, move, follow)
            except Exception:  # noqa: BLE001, S112 - it refuses them
                continue
            if finding:
                return f"for {more[0, ..., 0].numel():,} places, {name}: {finding}"
    return None


_Move = Callable[[Tensor], Tensor]


def _find_symmetry(layer: object, given: Tensor, move: _Move) -> _Move | None:
    """Return what moved inputs do to outputs: nothing, or the same move; None for something else."""
    return next((one for one in (torch.clone, move) if not _compare(layer, given, move, one)), None)


def _compare(layer: object, given: Tensor, move: _Move, follow: _Move) -> Finding:
    with torch.no_grad():
        plain, moved = run(layer, (given.clone(),)), run(layer, (move(given),))
    return find_difference([follow(one) for one in plain], moved, _TOLERANCE)
