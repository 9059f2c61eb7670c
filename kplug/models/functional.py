"""The ``Functional`` class: a model defined by a graph of layers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from kplug.backend import to_dtype, to_tensor
from kplug.components.configurable import list_keywords
from kplug.errors import ArgumentError
from kplug.graph import Node, Plan, SymbolicTensor, TensorSpec, is_symbolic
from kplug.layers import Layer
from kplug.layers.base.constructor_arguments import refuse_keywords
from kplug.layers.base.shape_inference import infer_by_running
from kplug.layers.base.shapes import is_shape
from kplug.models.base import graph_checks
from kplug.models.base.added_tensors import AddedTensors
from kplug.models.base.graph_inputs import InputForm
from kplug.models.base.text_inputs import find_reader_of
from kplug.models.configuration.graph_writing import describe_graph
from kplug.models.model import Model
from kplug.registry import factory, named
from kplug.registry.user_warnings import warn
from kplug.support.nested import find_leaves
from kplug.training.data.texts import read_texts


@named("Functional", "Model")
@factory
class Functional(Model):
    """The model between symbolic tensors; ``Model(inputs, outputs)`` creates it.

    Args:
        inputs: A result of ``Input``, or a list or dict of them.
        outputs: A symbolic tensor computed from them, or a list or dict.
        name: The model's name.
        **options: As for any layer.

    Attributes:
        inputs: The symbolic inputs in one list; those of a dict in the order of its sorted keys.
        outputs: The symbolic outputs, likewise.
        input_names: The keys, if the inputs are a dict; else the names of the input layers.
        output_names: The keys, if the outputs are a dict; else the names of their layers.

    Raises:
        GraphError: The outputs depend on a missing input, a value is no symbolic tensor, or two layers
            share a name.

    Example:
        >>> import torch
        >>> from kplug.layers import Add, Dense, Input
        >>> left, right = Input((3,), name="left"), Input((3,), name="right")
        >>> shared = Dense(2)
        >>> model = Model([left, right], Add()([shared(left), shared(right)]))
        >>> model({"left": torch.ones(1, 3), "right": torch.zeros(1, 3)}).shape
        torch.Size([1, 2])

    Reference:
        ``keras.Model`` with ``inputs`` and ``outputs``. Shapes are checked lazily, so
        ``compile`` reports unknown names, all at once.
    """

    lists_layers = True
    is_functional = True
    _names_weights = False

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **options: Any
    ) -> None:
        if inputs is None or outputs is None:
            refuse_keywords(Model, set(options) - set(list_keywords(Model)))
            raise ArgumentError(
                f"Model got {'outputs' if inputs is None else 'inputs'} alone",
                hint="A model of symbolic tensors is Model(inputs=…, outputs=…).",
            )
        super().__init__(name=name, **options)
        if type(self).call is Functional.call:
            self.is_watched = False  # it changes nothing itself, and each layer in it is watched
        self._form = InputForm(self.name, graph_checks.read_inputs(self.name, inputs))
        hint = "Outputs are what layers return when they are called on an Input."
        self._output_layout = graph_checks.read_tensors(self.name, "output", outputs, hint)
        self.inputs: list[SymbolicTensor] = self._form.tensors
        self.outputs: list[SymbolicTensor] = self._output_layout.leaves
        self._plan = Plan(self.inputs, self.outputs)
        self._added = AddedTensors(self.outputs)
        self._layers = tuple(self._plan.layers)
        graph_checks.check_names(self.name, self._layers)
        self.output_count = len(self.outputs)
        self.returns_dict = self._output_layout.keys is not None
        self.input_names: list[str] = self._form.names
        self.output_names: list[str] = self._output_layout.keys or graph_checks.name_outputs(
            self.outputs
        )
        for layer in self._layers:
            self._register(layer)
        if not self._trainable:
            self.trainable = False

    # ---------------------------------------------------------------- the graph

    @property
    @override
    def layers(self) -> list[Layer]:
        """The layers, input layers included, sorted by their distance from the outputs."""
        return list(self._layers)

    def order_layers(self, names: Sequence[str]) -> None:
        """Reorder the layers, and so their weights, by the names in a configuration."""
        places = {name: place for place, name in enumerate(names)}
        self._layers = tuple(sorted(self._layers, key=lambda layer: places.get(layer.name, 0)))
        keys = {id(module): key for key, module in self._modules.items()}
        for layer in self._layers:
            key = keys[id(layer)]
            self._modules[key] = self._modules.pop(key)

    @property
    def nodes(self) -> list[Node]:
        """The calls of layers in the model, in execution order."""
        return list(self._plan.nodes)

    @property
    @override
    def input(self) -> Any:
        """The symbolic input; or several, nested as they were given."""
        return self._form.layout.pack(self.inputs)

    @property
    @override
    def output(self) -> Any:
        """The symbolic output; or several, nested as they were given."""
        return self._output_layout.pack(self.outputs)

    @property
    @override
    def input_shape(self) -> Any:
        """Shape of the input, with ``None`` for the batch; of several inputs, nested as they are."""
        return self._form.layout.pack([tensor.shape for tensor in self.inputs])

    @property
    @override
    def output_shape(self) -> Any:
        """Shape of the output, with ``None`` for the batch; of several, nested as they are."""
        return self._output_layout.pack([tensor.shape for tensor in self.outputs])

    @override
    def find_input_shape(self) -> Any:
        """Return ``input_shape``, which a model of symbolic tensors always knows."""
        return self.input_shape

    @override
    def find_input_dtype(self) -> Any:
        """Return the type of the input; of several inputs, nested as they are."""
        return self._form.layout.pack([tensor.layer.dtype for tensor in self.inputs])

    @override
    def find_text_readers(self) -> list[Callable[[Any], Tensor] | None]:
        """Return for each input the text conversion of the only layer that takes it, or None."""
        return [find_reader_of(tensor, self._plan.nodes) for tensor in self.inputs]

    # ---------------------------------------------------------------- building

    @override
    def build(self, input_shape: Any = None) -> None:
        """Declare the weights of all layers."""
        for tensor in self.outputs:
            _ = tensor.spec  # inferring the shape builds all preceding layers

    def _declare_from_what_is_known(self) -> None:
        self.build(None)

    @override
    def infer_specs(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[TensorSpec, ...]:
        """Return shapes and types of the outputs for inputs that are ``TensorSpec``s."""
        given = self._form.unpack(args[0])
        self._form.check_shapes([spec.shape for spec in given])
        self.declare_for(None)
        if [spec.shape for spec in given] == [tensor.shape for tensor in self.inputs]:
            return tuple(tensor.spec for tensor in self.outputs)
        return infer_by_running(self, args, kwargs, f"model {self.name!r}")

    @override
    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape for an input shape; of several, nested as the tensors are."""
        if isinstance(input_shape, dict):
            shapes = self._form.unpack(input_shape)
        else:
            shapes = [input_shape] if is_shape(input_shape) else input_shape
        pairs = zip(shapes, self.inputs, strict=True)
        specs = [TensorSpec(tuple(shape), tensor.spec.dtype) for shape, tensor in pairs]
        argument = specs[0] if len(specs) == 1 else specs
        return self._output_layout.pack([spec.shape for spec in self.infer_specs((argument,), {})])

    # ---------------------------------------------------------------- calling

    @override
    def call(self, inputs: Any) -> Any:
        """Return the outputs, nested as they were given.

        Args:
            inputs: A tensor; for several inputs a list in the order of ``inputs``, or a dict by name.
        """
        tensors = self._form.fit(list(self._form.unpack(inputs)))
        values = self._plan.run(tensors) if self._added.is_empty else self._added.run(self, tensors)
        return self._output_layout.pack(values)

    @override
    def _call_with_care(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = self._form.unpack(inputs)
        if not is_symbolic(inputs):
            inputs = given[0] if len(given) == 1 else list(given)
        return super()._call_with_care(inputs, args, kwargs)

    @override
    def convert_inputs(self, inputs: Any) -> Any:
        if len(self.inputs) == 1:
            return _cast(read_texts(self, [inputs])[0], self.inputs[0].layer.dtype)
        pairs = zip(read_texts(self, inputs), self.inputs, strict=True)
        return [_cast(value, tensor.layer.dtype) for value, tensor in pairs]

    @override
    def _connect(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        node = Node(self, args, kwargs, self.output_count)
        return self._output_layout.pack(node.output_tensors)

    @override
    def is_given_mask(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Return True: Keras does not convert these models' arguments, and they take masks."""
        return True

    # ---------------------------------------------------------------- losses and metrics

    @override
    def add_loss(self, loss: Any, inputs: Any = None) -> None:
        """Add symbolic tensors of the graph to the training loss.

        Args:
            loss: A symbolic tensor, any argument of ``Layer.add_loss``, or a list.
            inputs: Ignored, as in Keras 2.

        Raises:
            GraphError: A tensor depends on a layer outside of the model.
        """
        if not is_symbolic(loss):
            super().add_loss(loss, inputs)
            return
        for one in find_leaves(loss, SymbolicTensor):
            self._added.add_loss(self, one)
        self._forget_steps()

    @override
    def add_metric(self, value: Any, name: str | None = None, aggregation: str = "mean") -> None:
        """Add a metric: the mean of a symbolic tensor of the graph.

        Args:
            value: A symbolic tensor, or any argument of ``Layer.add_metric``.
            name: Its name in logs.
            aggregation: ``"mean"``.

        Raises:
            GraphError: The tensor depends on a layer outside of the model.
        """
        if not isinstance(value, SymbolicTensor):
            super().add_metric(value, name, aggregation)
            return
        self._added.add_metric(self, self._name_metric(name, aggregation), value)
        self._forget_steps()

    # ---------------------------------------------------------------- configuration

    @override
    def _require_own_config(self) -> None:
        if not _takes_graph(type(self)):
            super()._require_own_config()

    @override
    def get_config(self) -> dict[str, Any]:
        """Return the layers, their connections, and the inputs and outputs."""
        self._require_own_config()
        if not self._added.is_empty:
            warn(
                f"model {self.name!r}: no configuration holds what add_loss and add_metric were given as "
                "symbolic tensors; call them again after loading"
            )
        ends = [self._form.layout.structure, self._output_layout.structure]
        graph = describe_graph(self.layers, self.nodes, ends)
        return {"name": self.name, "trainable": self.trainable, **graph}


def _cast(value: Any, dtype: str) -> Tensor:
    """Convert an input to its type; under autocast, torch chooses the float types."""
    tensor: Tensor = value if isinstance(value, Tensor) else to_tensor(value)
    wanted = to_dtype(dtype)
    if tensor.dtype is wanted:
        return tensor
    is_free = tensor.is_floating_point() and not tensor.is_meta
    if is_free and torch.is_autocast_enabled(tensor.device.type):
        return tensor
    return tensor.to(wanted)


def _takes_graph(owner: type) -> bool:
    """Return whether a class's constructor takes ``inputs`` and ``outputs``, for recreation."""
    parameters = inspect.signature(owner.__init__).parameters.values()  # type: ignore[misc]
    names = {parameter.name for parameter in parameters}
    return {"inputs", "outputs"} <= names or {"VAR_POSITIONAL", "VAR_KEYWORD"} <= {
        parameter.kind.name for parameter in parameters
    }


Model._functional_class = Functional
