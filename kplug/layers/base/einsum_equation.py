"""Einsum equations of layers: infers the shapes of kernel, bias and outputs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kplug.components.arguments import refusal
from kplug.errors import DataError
from kplug.graph import Shape

_FORMS = re.compile(
    r"(?P<left>\.\.\.)?(?P<inputs>[a-zA-Z]+)(?P<right>\.\.\.)?"
    r",(?P<kernel>[a-zA-Z]+)->"
    r"(?(left)\.\.\.)(?P<outputs>[a-zA-Z]+)(?(right)\.\.\.)"
)
_ALLOWED = "an equation such as 'abc,cd->abd', '...c,cd->...d' or 'abc...,cd->abd...'"


class Sizes(NamedTuple):
    """Shapes and axes that an equation implies for an input shape.

    Args:
        kernel: Shape of the kernel.
        bias: Shape of the bias, or ``None``.
        input_axes: Axes of the kernel that are summed over.
        output_axes: Axes of the kernel that remain in the outputs.
        summed: Required sizes of the inputs, by axis.
    """

    kernel: tuple[int, ...]
    bias: tuple[int, ...] | None
    input_axes: tuple[int, ...]
    output_axes: tuple[int, ...]
    summed: dict[int, int]


class Equation:
    """A product of inputs and a kernel, written as for ``torch.einsum``.

    Args:
        text: Such as ``"abc,cd->abd"``; an ellipsis stands for further leading or trailing axes.
        bias_axes: The output letters of the bias's axes, or ``None``.
        owner: Name of the layer, for messages.

    Raises:
        ArgumentValueError: The text is no such equation, or a letter occurs only once.
    """

    def __init__(self, text: object, bias_axes: object, owner: str) -> None:
        match = _FORMS.fullmatch(text.replace(" ", "")) if isinstance(text, str) else None
        if match is None or (match["left"] and match["right"]):
            raise refusal(owner, "equation", text, _ALLOWED)
        self.text = match[0]
        self.is_left_open, self.is_right_open = bool(match["left"]), bool(match["right"])
        self.inputs, self.kernel, self.outputs = match["inputs"], match["kernel"], match["outputs"]
        for letter in self.kernel:
            if letter not in self.inputs + self.outputs:
                allowed = f"{_ALLOWED}; {letter!r} is in the kernel alone"
                raise refusal(owner, "equation", text, allowed)
        for letter in self.outputs:
            if letter not in self.inputs + self.kernel:
                allowed = f"{_ALLOWED}; {letter!r} is in the outputs alone"
                raise refusal(owner, "equation", text, allowed)
        self.bias_axes = bias_axes if isinstance(bias_axes, str) and bias_axes else None
        if bias_axes is not None and not set(self.bias_axes or "-") <= set(self.outputs):
            raise refusal(owner, "bias_axes", bias_axes, f"letters of {self.outputs!r}, or None")

    def find_summed_count(self) -> int | None:
        """Return how many trailing input axes a plain matrix product sums over.

        ``None`` if the equation is no matrix product: the kernel must begin with the summed axes, and
        the outputs must end with its other axes.

        Example:
            >>> Equation("abcd,cde->abe", None, "layer").find_summed_count()
            2
        """
        if self.is_right_open:
            return None
        for count in range(1, len(self.inputs) + 1):
            free, summed = self.inputs[:-count], self.inputs[-count:]
            if self.kernel.startswith(summed) and self.outputs == free + self.kernel[count:]:
                return count
        return None

    def find_sizes(self, input_shape: Shape, output_shape: Sequence[int | None]) -> Sizes:
        """Return the shapes of kernel and bias.

        Args:
            input_shape: With the batch in front.
            output_shape: Sizes of the outputs, without the batch and the axes of the ellipsis.

        Raises:
            DataError: The shapes do not fit the equation, or a size that is needed is unknown.
        """
        open_count = len(input_shape) - len(self.inputs)
        if open_count < 0 or (open_count and not (self.is_left_open or self.is_right_open)):
            raise DataError(f"equation {self.text!r} does not take inputs of shape {input_shape}")
        open_left = open_count if self.is_left_open else 0
        given = dict(zip(self.inputs, input_shape[open_left:], strict=False))
        made = self._name_outputs(input_shape, output_shape, open_left)
        for letter in set(given) & set(made):
            if made[letter] not in (None, given[letter]):
                raise DataError(
                    f"equation {self.text!r}: axis {letter!r} has size {given[letter]} in the "
                    f"inputs, shape {input_shape}, and {made[letter]} in output_shape "
                    f"{tuple(output_shape)}"
                )
        kernel = self._look_up(self.kernel, {**given, **made}, input_shape)
        is_made = [letter in made for letter in self.kernel]
        return Sizes(
            kernel,
            self._find_bias(made, 0 if self.is_left_open else open_count, input_shape),
            tuple(axis for axis, found in enumerate(is_made) if not found),
            tuple(axis for axis, found in enumerate(is_made) if found),
            {
                open_left + self.inputs.index(letter): size
                for letter, size in zip(self.kernel, kernel, strict=True)
                if letter in given
            },
        )

    def _name_outputs(
        self, input_shape: Shape, output_shape: Sequence[int | None], open_left: int
    ) -> dict[str, int | None]:
        # A leading ellipsis includes the batch; otherwise the first letter is the batch.
        sizes = tuple(output_shape) if open_left else (input_shape[0], *output_shape)
        if len(sizes) != len(self.outputs):
            raise DataError(
                f"equation {self.text!r} makes axes {self.outputs!r} of inputs of shape "
                f"{input_shape}, which does not fit output_shape {tuple(output_shape)}"
            )
        return dict(zip(self.outputs, sizes, strict=True))

    def _find_bias(
        self, made: dict[str, int | None], open_right: int, input_shape: Shape
    ) -> tuple[int, ...] | None:
        if self.bias_axes is None:
            return None
        first = min(self.outputs.index(letter) for letter in self.bias_axes)
        known = {letter: made[letter] if letter in self.bias_axes else 1 for letter in made}
        sizes = self._look_up(self.outputs[first:], known, input_shape)
        return (*sizes, *[1] * open_right)

    def _look_up(
        self, letters: str, sizes: dict[str, int | None], input_shape: Shape
    ) -> tuple[int, ...]:
        found = []
        for letter in letters:
            size = sizes[letter]
            if size is None:
                raise DataError(
                    f"equation {self.text!r} needs to know the size of axis {letter!r}; the inputs "
                    f"have shape {input_shape}"
                )
            found.append(size)
        return tuple(found)
