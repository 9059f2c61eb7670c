"""Layers with one small defect each."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.layers import Layer
from tests.plugins.planted_defects.table import Defect


class Affine(Layer):
    """A matrix product with a factor; right as it stands."""

    def __init__(self, units: int = 3, factor: float = 0.5, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.factor = units, factor

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units))

    def call(self, inputs: Tensor) -> Tensor:
        return self.factor * (inputs @ self.kernel)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "factor": self.factor}


class Forgetful(Affine):
    """Keeps its slope under another name."""

    def __init__(self, units: int = 3, slope: float = 0.5, **options: Any) -> None:
        super().__init__(units, **options)
        self._slope = slope

    def call(self, inputs: Tensor) -> Tensor:
        return self._slope * super().call(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**Layer.get_config(self), "units": self.units}


class Unheeded(Affine):
    def call(self, inputs: Tensor) -> Tensor:
        return 0.5 * (inputs @ self.kernel)


class PlainTensor(Affine):
    """Its kernel is a tensor that no file has and no optimizer sees."""

    def build(self, input_shape: Any) -> None:
        self.kernel = torch.randn(input_shape[-1], self.units)


class Detached(Affine):
    def call(self, inputs: Tensor) -> Tensor:
        return self.factor * (inputs @ self.kernel.detach())


class Unused(Affine):
    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.bias = self.add_weight("bias", (self.units,), initializer="zeros")


class AlwaysDrops(Affine):
    def call(self, inputs: Tensor) -> Tensor:
        return torch.nn.functional.dropout(super().call(inputs), 0.5, training=True)


class BatchCentred(Affine):
    def call(self, inputs: Tensor) -> Tensor:
        return super().call(inputs) - inputs.mean()


class InPlace(Affine):
    def call(self, inputs: Tensor) -> Tensor:
        return super().call(inputs.mul_(0.5))


class WrongShape(Affine):
    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units + 1)


class Reading(Affine):
    def call(self, inputs: Tensor) -> Tensor:
        return super().call(inputs) / (1.0 + float(inputs.abs().max()))


class HiddenState(Affine):
    """Counts its calls in a number that no file has."""

    def __init__(self, units: int = 3, factor: float = 0.5, **options: Any) -> None:
        super().__init__(units, factor, **options)
        self._steps = 0

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if training:
            self._steps += 1
        return super().call(inputs) * (1.0 + 0.1 * self._steps)


class BuildsAgain(Affine):
    """Adds its weight whenever it is called."""

    def call(self, inputs: Tensor) -> Tensor:
        self.add_weight(f"offset_{len(self.weights)}", (self.units,), trainable=False)
        return super().call(inputs)


class Shared(Affine):
    """All its instances have one list."""

    made: ClassVar[list[int]] = []

    def call(self, inputs: Tensor) -> Tensor:
        if not inputs.is_meta and not self.training:
            self.made.append(1)
        return super().call(inputs) * (1.0 + 0.1 * len(self.made))


class FixedBatch(Affine):
    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self._rows: int | None = None

    def call(self, inputs: Tensor) -> Tensor:
        if not inputs.is_meta:
            self._rows = self._rows or inputs.shape[0]
            inputs = inputs.reshape(self._rows, -1, inputs.shape[-1]).reshape(inputs.shape)
        return super().call(inputs)


class WrongMask(Affine):
    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return None if previous_mask is None else previous_mask[:, 1:]


class DoublePrecision(Affine):
    def call(self, inputs: Tensor) -> Tensor:
        return super().call(inputs).double()


class Spoiling(Affine):
    """Changes a tensor that the backward pass needs."""

    def call(self, inputs: Tensor) -> Tensor:
        return super().call(inputs).sigmoid().mul_(2.0)


class Greedy(Affine):
    def __init__(self, units: int = 3, factor: float = 0.5, **options: Any) -> None:
        known = ("name", "trainable", "dtype", "input_shape", "input_dim", "batch_input_shape")
        super().__init__(units, factor, **{k: v for k, v in options.items() if k in known})


DEFECTS = [
    Defect(
        "forgets the slope",
        Forgetful,
        "config",
        "a loaded model computes otherwise",
        also=("file",),
    ),
    Defect("reads no factor", Unheeded, "effect", "the argument changes nothing"),
    Defect(
        "hides its kernel",
        PlainTensor,
        "file",
        "a loaded model is another one",
        also=("gradients", "pickle", "determinism", "config"),
    ),
    Defect("detaches its kernel", Detached, "gradients", "nothing is learned", also=("fit",)),
    Defect(
        "does not use its bias", Unused, "gradients", "the weight stays as it is", also=("fit",)
    ),
    Defect(
        "drops in inference",
        AlwaysDrops,
        "inference",
        "predictions differ each time",
        also=("single_row", "file"),
    ),
    Defect(
        "centres over the batch",
        BatchCentred,
        "single_row",
        "predictions depend on the batch",
    ),
    Defect("changes its inputs", InPlace, "inputs", "the layer before fails", also=("file",)),
    Defect("computes another shape", WrongShape, "shapes", "the next layer is built wrongly"),
    Defect("reads a value", Reading, "device", "the model cannot be built", also=("single_row",)),
    Defect("counts in a number", HiddenState, "file", "a loaded model is another one"),
    Defect(
        "adds weights at each call",
        BuildsAgain,
        "second_call",
        "weights pile up",
        also=("fit", "shapes", "gradients", "file", "half"),
    ),
    Defect(
        "shares a list",
        Shared,
        "inference",
        "two layers disturb each other",
        also=("determinism", "config", "pickle", "file", "single_row", "mask"),
    ),
    Defect(
        "keeps the batch size", FixedBatch, "batch_sizes", "the last batch fails", also=("fit",)
    ),
    Defect("cuts the mask", WrongMask, "mask", "the next layer fails"),
    Defect("works in float64", DoublePrecision, "dtype", "the next layer fails"),
    Defect("spoils its outputs", Spoiling, "fit", "the backward pass fails", also=("gradients",)),
    Defect("takes any keyword", Greedy, "arguments", "a misspelt argument is lost"),
]
