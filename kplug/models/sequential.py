"""The ``Sequential`` class: a linear stack of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn
from typing_extensions import Never, Self, override

from kplug.errors import ArgumentError, ContractError, GraphError, NotBuiltError
from kplug.graph import Node, Shape, SymbolicTensor
from kplug.layers import Input, InputLayer, Layer, TorchModule
from kplug.layers.base.tracked_containers import require_initialized
from kplug.layers.serialization import serialize
from kplug.models.base.text_inputs import find_reader
from kplug.models.configuration.reading import layer_from_config, look_up_own, scope_of
from kplug.models.model import Model
from kplug.registry import resolve
from kplug.registry.quoting import quote
from kplug.training.data.texts import read_texts


class Sequential(Model):
    """A chain: each layer's output is the next one's input.

    The input shape comes from ``Input``, from the first layer's ``input_shape`` or ``input_dim``, or
    from the first data. Until then ``inputs``, ``outputs`` and their shapes raise
    ``NotBuiltError``.

    Args:
        layers: The layers, in order; any ``torch.nn.Module`` may be among them.
        name: The model's name.
        **options: As for any layer.

    Example:
        >>> from kplug.layers import Dense
        >>> model = Sequential([Dense(4, input_dim=3, activation="relu"), Dense(1)])
        >>> model.output_shape
        (None, 1)
        >>> model.count_params()
        21

    Reference:
        ``keras.Sequential``. A name that two layers share is an error when the second is added.
    """

    lists_layers = True
    input_count = 1

    def __init__(
        self,
        layers: Iterable[Any] | None = None,
        name: str | None = None,
        *others: Never,
        **options: Any,
    ) -> None:
        _require_one_list(layers, name, *others)
        if layers is not None and not isinstance(layers, Iterable):
            raise ArgumentError(
                f"Sequential takes a list of layers, got {quote(layers)}",
                hint="Write Sequential([Dense(3), Dense(1)]).",
            )
        super().__init__(name=name, **options)
        self._chain: tuple[Layer, ...] = ()
        self._by_name: dict[str, Layer] = {}
        self._tensors: list[SymbolicTensor] = []
        self.has_shape_of_data = False
        for layer in layers or ():
            self.add(layer)

    # ---------------------------------------------------------------- the chain

    @property
    @override
    def layers(self) -> list[Layer]:
        """The layers, in order, without the input."""
        return list(self._chain)

    def add(self, layer: Any) -> None:
        """Append a layer.

        Args:
            layer: A layer; ``Input(shape)``; a ``torch.nn.Module``; or the spec of a layer.

        Raises:
            GraphError: If an input is not first, or the name is taken.
        """
        if isinstance(layer, SymbolicTensor):
            layer = layer.layer
        if isinstance(layer, InputLayer):
            self._start(layer.inbound_nodes[0].output_tensors[0])
            return
        if not isinstance(layer, Layer):
            layer = resolve("layer", layer, where=f"{self.name}.layers[{len(self._chain)}]").object
        require_initialized(layer)
        self._check_name_is_free(layer)
        if not self._chain and not self._tensors:
            shape = (
                layer.find_input_shape() if isinstance(layer, Model) else layer.batch_input_shape
            )
            if shape is not None:
                self._start(_make_input(shape, layer.dtype))
        self._append(layer)

    def _start(self, tensor: SymbolicTensor) -> None:
        if self._chain or self._tensors:
            raise GraphError(
                f"model {self.name!r} already has {'an input' if self._tensors else 'layers'}; "
                "an input comes first, and once"
            )
        self._tensors = [tensor]
        self.batch_input_shape = tensor.shape

    def _append(self, layer: Layer) -> None:
        if self._tensors:
            self._tensors = [*self._tensors, layer(self._tensors[-1])]
        self._register(layer)
        self._chain = (*self._chain, layer)
        self._by_name[layer.name] = layer
        self._forget_what_was_built()

    def _forget_what_was_built(self) -> None:
        self.built = self._is_ready = False
        self.forget_compilation()

    def _check_name_is_free(self, layer: Layer) -> None:
        if any(module is self for module in layer.modules()):
            raise GraphError(f"model {self.name!r} cannot be a layer of itself")
        known = self._by_name.get(layer.name)
        if known is layer:
            raise GraphError(
                f"model {self.name!r} already contains layer {layer.name!r}",
                hint="A chain holds each layer once; make a second layer.",
            )
        if known is not None:
            raise GraphError(
                f"model {self.name!r} already has a layer named {layer.name!r}",
                hint="Names are unique in a model; give the layer another name=….",
            )

    def pop(self) -> Layer:
        """Remove the last layer and return it.

        Raises:
            GraphError: If there is none.
        """
        if not self._chain:
            raise GraphError(f"model {self.name!r} has no layer to remove")
        *rest, last = self._chain
        if self._tensors:
            _disconnect(self._tensors[-1].node)
            self._tensors = self._tensors[:-1]
        self._modules = {key: kept for key, kept in self._modules.items() if kept is not last}
        self._chain = tuple(rest)
        del self._by_name[last.name]
        self._forget_what_was_built()
        return last

    # ---------------------------------------------------------------- the graph

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The model's one input."""
        return [self._known_tensors("inputs")[0]]

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The model's one output."""
        return [self._known_tensors("outputs")[-1]]

    @property
    def input_names(self) -> list[str]:
        """The name of the input, its key in a dict of inputs; empty while it is unknown."""
        return [tensor.layer.name for tensor in self._tensors[:1]]

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer, its key in dicts for ``compile``."""
        return [layer.name for layer in self.layers[-1:]]

    @property
    @override
    def input(self) -> SymbolicTensor:
        """The model's input."""
        return self._known_tensors("input")[0]

    @property
    @override
    def output(self) -> SymbolicTensor:
        """The model's output."""
        return self._known_tensors("output")[-1]

    @property
    @override
    def input_shape(self) -> Shape:
        """Shape of the input, with ``None`` for the batch."""
        return self._known_tensors("input_shape")[0].shape

    @property
    @override
    def output_shape(self) -> Shape:
        """Shape of the output, with ``None`` for the batch."""
        return self._known_tensors("output_shape")[-1].shape

    def _known_tensors(self, attribute: str) -> list[SymbolicTensor]:
        if not self._tensors:
            raise NotBuiltError(
                f"model {self.name!r} has no {attribute} yet: its input shape is unknown",
                hint="Give the first layer an input_shape, or call the model on data once.",
            )
        return self._tensors

    @override
    def find_input_shape(self) -> Shape | None:
        """Return the input shape, or None while it is unknown."""
        return self._tensors[0].shape if self._tensors else None

    @override
    def find_input_dtype(self) -> str | None:
        """Return the type of the input; None for a chain that begins with a torch module."""
        if self._chain and isinstance(self._chain[0], TorchModule):
            return None
        return self._tensors[0].dtype if self._tensors else self.dtype

    @override
    def find_text_readers(self) -> list[Callable[[Any], Tensor] | None]:
        """Return the first layer's text conversion, or None, as that of the only input."""
        return [find_reader(self._chain[0])] if self._chain else []

    @override
    def convert_inputs(self, inputs: Any) -> Any:
        return super().convert_inputs(read_texts(self, [inputs])[0])

    @override
    def build(self, input_shape: Any = None) -> None:
        """Declare the weights of all layers, for an input shape with the batch in front.

        Args:
            input_shape: Optional if the first layer or an ``Input`` declares it.

        Raises:
            ContractError: There are no layers.
            NotBuiltError: The input shape is unknown.
        """
        if not self._tensors:
            if not self._chain:
                raise ContractError(
                    f"model {self.name!r} cannot be built: it has no layers",
                    hint="Add some first: model.add(Dense(1)). One that changes nothing is Identity().",
                )
            if input_shape is None:
                raise NotBuiltError(
                    f"model {self.name!r} cannot be built: its input shape is not known",
                    hint="Write build((None, size)), or begin the model with Input((size,)).",
                )
            self._connect_all(tuple(input_shape))
        _ = self._tensors[-1].spec  # inferring the shape builds all preceding layers

    def _connect_all(self, shape: Shape) -> None:
        tensors = [_make_input((None, *shape[1:]), self.dtype)]
        for layer in self._chain:
            tensors.append(layer(tensors[-1]))
        try:
            _ = tensors[-1].spec
        except Exception:
            # The shapes do not fit, but the next data may: undo this attempt.
            for tensor in tensors[:0:-1]:
                _disconnect(tensor.node)
            raise
        self._tensors, self.has_shape_of_data = tensors, True
        self.batch_input_shape = tensors[0].shape

    @override
    def _call_with_care(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        is_list_of_one = isinstance(inputs, (list, tuple)) and len(inputs) == 1
        if is_list_of_one and isinstance(inputs[0], (Tensor, SymbolicTensor, np.ndarray)):
            inputs = inputs[0]
        return super()._call_with_care(inputs, args, kwargs)

    @override
    def is_given_mask(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Return whether there are no further arguments: Keras's class takes masks."""
        return len(args) == 1 and not kwargs

    @override
    def call(self, inputs: Any) -> Any:
        """Return the last layer's output."""
        for layer in self._chain:
            inputs = layer(inputs)
        return inputs

    # ---------------------------------------------------------------- configuration

    @override
    def get_config(self) -> dict[str, Any]:
        """Return the name and the layers as ``{"class_name", "config"}``, without weights."""
        entries = [serialize(layer) for layer in self._chain]
        config: dict[str, Any] = {"name": self.name, "layers": entries}
        if not self._tensors:
            return config
        if self.has_shape_of_data:
            config["build_input_shape"] = self._tensors[0].shape
        elif not (self._chain and self._chain[0].batch_input_shape is not None):
            entries.insert(0, serialize(self._tensors[0].layer))
        return config

    @classmethod
    @override
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Create a model from the result of ``get_config``, kplug's or Keras's.

        Args:
            config: The configuration; Keras's older list of layers is read as well.
            custom_objects: Your own classes and functions, by their names in the configuration.
        """
        if isinstance(config, (list, tuple)):
            config = {"layers": config}
        if not isinstance(config, Mapping):
            raise ArgumentError(
                "the configuration of a Sequential is a dict, or a list of layers, "
                f"got {type(config).__name__}",
                hint="get_config() returns one.",
            )
        if "layers" not in config:
            raise ArgumentError(
                f"the configuration of a Sequential needs 'layers', it has {', '.join(map(str, config))}"
            )
        with scope_of(custom_objects):
            layers = [layer_from_config(entry) for entry in config["layers"]]
            model = cls(layers, name=config.get("name"))
            shape = config.get("build_input_shape")
            if shape is not None and model.find_input_shape() is None:
                model.build(tuple(shape))
            look_up_own(model, custom_objects)
        return model


def _require_one_list(layers: object, *others: object) -> None:
    """Refuse layers passed as separate arguments."""
    # Some torch modules are lists of modules.
    is_one = isinstance(layers, nn.Module) and not hasattr(layers, "__iter__")
    if is_one or any(isinstance(one, nn.Module) for one in others) or len(others) > 1:
        raise ArgumentError(
            "Sequential takes its layers in one list", hint="Write Sequential([first, second, …])."
        )


def _make_input(shape: Shape, dtype: str) -> SymbolicTensor:
    tensor: SymbolicTensor = Input(batch_shape=shape, dtype=dtype)
    return tensor


def _disconnect(node: Node) -> None:
    """Undo a call: remove the node from its layers."""
    node.layer.inbound_nodes.remove(node)
    for tensor in node.input_tensors:
        users = tensor.layer.outbound_nodes
        tensor.layer.outbound_nodes = [user for user in users if user is not node]
