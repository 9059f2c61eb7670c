"""Three steps in float64 against measured numbers: of Keras 2's rules; from AdamW on, of Keras 3's."""

from __future__ import annotations

import pytest
import torch

from kplug import optimizers

GRADIENTS = ([0.5, -1.0], [0.1, 0.2], [0.0, 3e-4])

GOLDEN = [
    (optimizers.SGD(), (0.994, -1.992003)),
    (
        optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True),
        (0.980095002710, -1.971035694569),
    ),
    (optimizers.RMSprop(), (0.996185396692, -1.997491082621)),
    (optimizers.Adagrad(), (0.988038841033, -1.991964103901)),
    (optimizers.Adadelta(), (0.998183779397, -1.998988425805)),
    (optimizers.Adam(), (0.997576221178, -1.998094143381)),
    (optimizers.Adam(amsgrad=True), (0.997576531629, -1.998094340831)),
    (optimizers.Nadam(), (0.997195345093, -1.998073604619)),
    (optimizers.Adamax(), (0.996108856232, -1.996796766546)),
    (optimizers.AdamW(), (0.997564232438, -1.998070153521)),
    (optimizers.Lion(), (0.997, -1.999)),
    (optimizers.Ftrl(), (0.464465695254, -1.396211446393)),
    (optimizers.Lamb(), (0.994650828786, -1.996021592641)),
]


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    GOLDEN,
    ids=[f"{type(o).__name__}-{i}" for i, (o, _) in enumerate(GOLDEN)],
)
def test_three_steps(optimizer: optimizers.Optimizer, expected: tuple[float, float]) -> None:
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    optimizer.build([weight])
    for gradient in GRADIENTS:
        weight.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
    # To the last of the digits that the reference prints.
    assert [round(value, 12) for value in weight.tolist()] == list(expected)
