"""Shapes of functions in a graph, where sizes that are unknown have to fit others."""

from __future__ import annotations

from typing import Any

import pytest

from kplug import ops
from kplug.errors import GraphError
from kplug.layers import Input


def _x(*shape: int | None, dtype: str = "float32") -> Any:
    return Input(batch_shape=shape, dtype=dtype)


# What is unknown of a result is what no argument tells.
TABLE: list[tuple[Any, Any]] = [
    (lambda: ops.matmul(_x(None, 3, 4), _x(3, None, 4, 5)), (3, None, 3, 5)),
    (lambda: ops.dot(_x(None, 3), _x(None, None, 2)), (None, None, 2)),
    (lambda: ops.vstack([_x(None, 3), _x(None, None)]), (None, 3)),
    (lambda: ops.where(_x(2, None, 1), _x(None, 1), _x(None, 3)), (2, None, 3)),
    (lambda: ops.broadcast_to(_x(None, 3), (2, 3, 3)), (2, 3, 3)),
    (lambda: ops.reshape(_x(None, 3), (3, 2)), (3, 2)),
    (lambda: ops.array_split(_x(None, 4), 2)[0], (None, 4)),
    (lambda: ops.split(_x(None, 4), [2, 5])[1], (3, 4)),
    (lambda: ops.space_to_depth(_x(None, None, None, 3), 7), (None, None, None, 147)),
    (lambda: ops.get_item(_x(None, 5, 16), 5), (5, 16)),
    (lambda: ops.diag(_x(None, 3)), (None,)),
    (lambda: ops.slice(_x(3, 3), _x(2, dtype="int32"), (-1, -1)), (None, None)),
    (lambda: ops.slice(_x(3, 3), _x(2, dtype="int32"), (2, 2)), (2, 2)),
]


@pytest.mark.parametrize(("connect", "shape"), TABLE, ids=[str(shape) for _, shape in TABLE])
def test_unknown_sizes_are_those_that_fit(connect: Any, shape: Any) -> None:
    assert connect().shape == shape


def test_sizes_that_cannot_fit_are_refused_with_their_shapes() -> None:
    with pytest.raises(
        GraphError, match=r"cannot be run on inputs of shape \(None, 3\), \(4, 5\): "
    ):
        ops.matmul(_x(None, 3), _x(4, 5))
