"""`Network`: the base of layers that are a network of one of torch's libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from kplug import Layer
from kplug.components.arguments import refusal
from kplug.errors import ArgumentError, KplugError
from kplug.layers import Input
from kplug.models import Model

_WHAT = "the name of an architecture"


class Network(Layer):
    """Base of layers that are a network of one of torch's libraries, by its name there.

    Tensors have their channels on the last axis outside, and on the second one inside. A file holds the name
    of the architecture and its arguments, from which the library makes the network again; the weights stand
    in the file, too, so what names other weights is no argument of the layer.

    A subclass has `make_network`.

    Args:
        architecture: The name in the library.
        arguments: Its arguments, as a dict of values that JSON can hold.

    Attributes:
        library: The library's name, for messages.
        sources: Beginnings of the names of arguments that say where weights come from.
        network: The module of torch.

    Raises:
        ArgumentError: The architecture does not take the arguments, or one of them names weights.
        ArgumentValueError: An argument of another type.

    Example:
        >>> from torch.nn import Conv2d
        >>> class Blur(Network):
        ...     def make_network(self):
        ...         return Conv2d(3, 2, 3, **self.arguments)
        >>> make_model(Blur("blur", {"padding": 1}), (8, 8, 3)).output_shape
        (None, 8, 8, 2)
    """

    library: ClassVar[str] = "the library"
    sources: ClassVar[tuple[str, ...]] = ("weights", "pretrained")
    defers_build_errors = False

    def __init__(
        self, architecture: str, arguments: Mapping[str, Any] | None = None, **common: Any
    ) -> None:
        super().__init__(**common)
        if not isinstance(architecture, str):
            raise refusal(self, "architecture", architecture, _WHAT)
        if not isinstance(arguments, Mapping | None):
            raise refusal(self, "arguments", arguments, "None or a dict of arguments by name")
        self.architecture = architecture
        self.arguments = dict(arguments or {})
        for name in self.arguments:
            if str(name).startswith(self.sources):
                raise ArgumentError(
                    f"{type(self).__name__} takes no {name!r} in its arguments: it is an architecture "
                    "alone, and a file has the weights beside it",
                    hint="kplug.models.get takes what names weights.",
                )
        try:
            self.network = self.make_network().eval()
        except KplugError:
            raise
        except Exception as error:
            raise self.explain(error) from error
        self.built = True

    def make_network(self) -> nn.Module:
        """Return the module, with random weights."""
        raise NotImplementedError(f"{type(self).__name__} has no make_network(self)")

    def explain(self, error: Exception) -> KplugError:
        """Return the error for arguments with which the library cannot make the network."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return ArgumentError(
            f"{self.library} cannot make {self.architecture}({given}): {type(error).__name__}: {error}"
        )

    def call(self, inputs: Tensor) -> Any:
        """Return the network's outputs; a frozen one keeps its averages, as Keras's layers do."""
        if self.network.training and not self.trainable:
            self.network.eval()
        return self.move_outputs(self.network(inputs.movedim(-1, 1)))

    def move_outputs(self, outputs: Any) -> Any:
        """Return the outputs with their channels last: pictures alone have them elsewhere."""
        if isinstance(outputs, Tensor):
            return outputs.movedim(1, -1) if outputs.ndim > 3 else outputs
        if isinstance(outputs, Mapping):
            return {name: self.move_outputs(one) for name, one in outputs.items()}
        return [self.move_outputs(one) for one in outputs]


def make_model(network: Layer, input_shape: Sequence[int | None]) -> Model:
    """Return a model of a network alone, with its name.

    Args:
        network: The layer.
        input_shape: The shape of one sample, with the channels last.
    """
    inputs = Input(tuple(input_shape))
    return Model(inputs, network(inputs), name=network.name)
