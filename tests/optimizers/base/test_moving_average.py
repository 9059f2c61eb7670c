"""Moving averages of weights: where they start, when the weights become them."""

from __future__ import annotations

import numpy as np

from kplug import optimizers
from tests.optimizers.small_training import fit, make_model, make_parameter, step_with


def test_the_average_starts_at_the_first_weights() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(lr=1.0, use_ema=True, ema_momentum=0.75).build([parameter])
    assert [step_with(optimizer, parameter, -4.0) for _ in range(2)] == [4.0, 8.0]
    optimizer.finalize_variable_values()
    assert parameter.item() == 0.75 * 4.0 + 0.25 * 8.0


def test_the_average_is_written_every_so_many_updates() -> None:
    parameter = make_parameter(0.0)
    optimizer = optimizers.SGD(
        lr=1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2
    ).build([parameter])
    assert [step_with(optimizer, parameter, -4.0) for _ in range(2)] == [4.0, 6.0]


def test_fit_ends_with_the_averages() -> None:
    model = make_model(optimizers.SGD(lr=0.25, use_ema=True, ema_momentum=0.5))
    found = fit(model, epochs=3)
    bare = make_model(optimizers.SGD(lr=0.25))
    path = [fit(bare)[0] for _ in range(3)]
    expected = 0.5 * (0.5 * path[0] + 0.5 * path[1]) + 0.5 * path[2]
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)
