"""Interpolation between pixels: affine, perspective and elastic transforms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend import TensorLike
from kplug.backend.random import Seed, find_generator
from kplug.components.arguments import refusal, require_choice, require_integer
from kplug.errors import DataError
from kplug.ops.operands import Function, to_float, to_operand
from kplug.ops.pictures.filters import blur
from kplug.ops.pictures.layout import map_pictures, to_type_of

_ORDERS = {"nearest": 0, "bilinear": 1}


def _mirror(index: Tensor, size: int) -> Tensor:
    last = size - 1
    return torch.abs((index + last) % (2 * last) - last) if last else torch.zeros_like(index)


def _reflect(index: Tensor, size: int) -> Tensor:
    return (_mirror(2 * index + 1, 2 * size + 1) - 1) // 2


def _clip(index: Tensor, size: int) -> Tensor:
    return index.clamp(0, size - 1)


# The cell that replaces one outside of the grid.
_FILL_MODES: dict[str, Callable[[Tensor, int], Tensor]] = {
    "constant": _clip,
    "nearest": _clip,
    "wrap": lambda index, size: index % size,
    "mirror": _mirror,
    "reflect": _reflect,
}


def _map_coordinates(
    inputs: TensorLike,
    coordinates: Any,
    order: int,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
) -> Tensor:
    x = to_operand(inputs)
    places = [to_operand(one).to(x.device) for one in coordinates]
    if len(places) != x.ndim or places[0].ndim < 1:
        shape = (len(places), *places[0].shape) if places else (0,)
        raise DataError(
            f"map_coordinates: inputs of shape {tuple(x.shape)}, coordinates of shape {shape}",
            hint=f"Give {x.ndim} rows of coordinates, one for each axis of the inputs.",
        )
    allowed = "0 for the nearest cell, or 1 for linear interpolation"
    if require_integer("map_coordinates", "order", order, allowed, at_least=0) > 1:
        raise refusal("map_coordinates", "order", order, allowed)
    require_choice("map_coordinates", "fill_mode", fill_mode, _FILL_MODES.keys())
    return _sample(x, (), places, order, fill_mode, fill_value)


def _sample(
    x: Tensor,
    rows: tuple[Tensor, ...],
    places: Sequence[Tensor],
    order: int,
    fill_mode: str,
    fill_value: float,
) -> Tensor:
    """Interpolate ``x`` between its cells.

    Args:
        x: Shape (…, *grid, *rest), with an index in ``rows`` for each axis of the dots.
        rows: Indices of the first axes, which broadcast with the places.
        places: Coordinates along each axis of the grid.
        order: 0 takes the nearest cell, 1 interpolates linearly.
        fill_mode: The values outside of the grid.
        fill_value: The outside value of ``"constant"``.
    """
    sizes = x.shape[len(rows) : len(rows) + len(places)]
    fix = _FILL_MODES[fill_mode]
    rest = (1,) * (x.ndim - len(rows) - len(places))
    neighbours = (_find_neighbours(place, order) for place in places)
    options = [
        [(fix(at, size), (at >= 0) & (at < size), weight) for at, weight in pairs]
        for pairs, size in zip(neighbours, sizes, strict=True)
    ]
    total: Any = 0
    for corner in itertools.product(*options):
        value = x[rows + tuple(index for index, _, _ in corner)]
        if fill_mode == "constant":
            is_inside = torch.stack([inside for _, inside, _ in corner]).all(0)
            value = torch.where(is_inside.reshape(*is_inside.shape, *rest), value, fill_value)
        weight: Any = math.prod(weight for _, _, weight in corner)
        total = total + (value if order == 0 else value * weight.reshape(*weight.shape, *rest))
    return to_type_of(x, total)


def _find_neighbours(place: Tensor, order: int) -> list[tuple[Tensor, Any]]:
    """Return the indices and weights of the neighbouring cells of some places."""
    if order == 0:
        return [((place.round() if place.is_floating_point() else place).long(), 1)]
    lower = to_float(place).floor()
    return [(lower.long(), 1 - (place - lower)), (lower.long() + 1, place - lower)]


def _warp(
    owner: str,
    images: TensorLike,
    find_places: Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]],
    interpolation: str,
    fill_mode: str,
    fill_value: float,
    data_format: str | None,
) -> Tensor:
    """Resample pictures at other positions.

    Args:
        owner: The public function, for messages.
        images: One picture or several.
        find_places: Maps the positions (row, column) of the pixels and the number of pictures to source
            positions, (N, height, width) each.
        interpolation: ``"nearest"`` or ``"bilinear"``.
        fill_mode: The values outside of the pictures.
        fill_value: The outside value of ``"constant"``.
        data_format: As for all functions of pictures.
    """
    order = _ORDERS[require_choice(owner, "interpolation", interpolation, _ORDERS.keys())]
    require_choice(owner, "fill_mode", fill_mode, _FILL_MODES.keys())

    def compute(x: Tensor) -> Tensor:
        dtype = torch.promote_types(x.dtype, torch.float32)
        axes = [torch.arange(size, dtype=dtype, device=x.device) for size in x.shape[2:]]
        row, column = torch.meshgrid(*axes, indexing="ij")
        places = find_places(row, column, len(x))
        rows = torch.arange(len(x), device=x.device)[:, None, None]
        last = x.movedim(1, -1)
        return _sample(last, (rows,), places, order, fill_mode, fill_value).movedim(-1, 1)

    return map_pictures(owner, images, data_format, compute)


def _affine_transform(
    images: TensorLike,
    transform: TensorLike,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    numbers = to_float(transform)
    if numbers.ndim not in (1, 2) or numbers.shape[-1] != 8:
        raise DataError(
            f"affine_transform: the transform has shape {tuple(numbers.shape)}",
            hint="It is (8,), or (N, 8) with one for each picture.",
        )

    def find_places(row: Tensor, column: Tensor, count: int) -> tuple[Tensor, Tensor]:
        a0, a1, a2, b0, b1, b2 = _spread(numbers.to(row), count)[:6]
        return b0 * column + b1 * row + b2, a0 * column + a1 * row + a2

    options = (interpolation, fill_mode, fill_value, data_format)
    return _warp("affine_transform", images, find_places, *options)


def _spread(numbers: Tensor, count: int) -> list[Tensor]:
    """Return the columns of (N, 8) or (8,) numbers, shaped to broadcast with pixels."""
    return [one[:, None, None] for one in numbers.expand(count, 8).unbind(1)]


def _perspective_transform(
    images: TensorLike,
    start_points: TensorLike,
    end_points: TensorLike,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Tensor:
    start, end = to_float(start_points), to_float(end_points)
    if start.shape != end.shape or start.ndim not in (2, 3) or start.shape[-2:] != (4, 2):
        shapes = f"{tuple(start.shape)} and {tuple(end.shape)}"
        raise DataError(
            f"perspective_transform: start_points and end_points have shapes {shapes}",
            hint="Both are (4, 2), or (N, 4, 2) with one set for each picture.",
        )

    def find_places(row: Tensor, column: Tensor, count: int) -> tuple[Tensor, Tensor]:
        numbers = _find_homography(start.to(row), end.to(row))
        a0, a1, a2, b0, b1, b2, c0, c1 = _spread(numbers, count)
        depth = c0 * column + c1 * row + 1.0
        return (b0 * column + b1 * row + b2) / depth, (a0 * column + a1 * row + a2) / depth

    options = (interpolation, "constant", fill_value, data_format)
    return _warp("perspective_transform", images, find_places, *options)


def _find_homography(start: Tensor, end: Tensor) -> Tensor:
    """Return the 8 coefficients of the homography that maps end points to start points."""
    ones = torch.cat([end, torch.ones_like(end[..., :1])], -1)
    zeros = torch.zeros_like(ones)
    tilts = [-start[..., axis, None] * end for axis in (0, 1)]
    first = torch.cat([ones, zeros, tilts[0]], -1)
    second = torch.cat([zeros, ones, tilts[1]], -1)
    matrix = torch.cat([first, second], -2)
    numbers: Tensor = torch.linalg.solve(matrix, start.mT.flatten(-2))
    return numbers


def _elastic_transform(
    images: TensorLike,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Seed = None,
    data_format: str | None = None,
) -> Tensor:
    reach, strength, width = int(6 * float(sigma)) | 1, float(alpha), float(sigma)

    def find_places(row: Tensor, column: Tensor, count: int) -> tuple[Tensor, Tensor]:
        generator = find_generator(seed, row.device)
        empty = row.new_empty((count, 1, *row.shape))
        # Drawn in two parts, as Keras does.
        noise = torch.cat([empty.clone().normal_(generator=generator) for _ in range(2)])
        shifts = strength * blur(noise * width, (reach, reach), (width, width))[:, 0]
        return row + shifts[count:], column + shifts[:count]

    options = (interpolation, fill_mode, fill_value, data_format)
    return _warp("elastic_transform", images, find_places, *options)


SAMPLING: Mapping[str, Function] = {
    "affine_transform": _affine_transform,
    "elastic_transform": _elastic_transform,
    "map_coordinates": _map_coordinates,
    "perspective_transform": _perspective_transform,
}
