"""``Layer``: what every layer is, ours and yours.

A layer's life: it is made (its components only named), connected or called (its input shape known, its
weights declared), and used (components looked up, weights filled, tensors computed). Its methods stand in
``methods/``, by what they are about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_module_registration_hook
from typing_extensions import Self

from kplug.arguments import require_flag
from kplug.backend import DTypeLike, dtype_name
from kplug.backend.variables import is_fixed, like_variable
from kplug.component_types import RegularizerLike
from kplug.dialect.idle_arguments import leave_out_idle
from kplug.dtype_policies import DTypePolicy, read_weights_type
from kplug.graph import (
    Node,
    copy_connected,
)
from kplug.layers.base.building import marking_built
from kplug.layers.base.call_signature import name_arguments, takes_mask, takes_one_tensor
from kplug.layers.base.component_slots import Slot
from kplug.layers.base.constructor_arguments import (
    list_untaken,
    read_name,
    refuse_keywords,
    watching_arguments,
)
from kplug.layers.base.documentation import complete_documentation
from kplug.layers.base.graph_links import read_links
from kplug.layers.base.input_conversion import convert_inputs
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.methods import (
    building,
    calls,
    configuration,
    graph_place,
    losses as loss_methods,
    symbolic_calls,
    weights as weight_methods,
)
from kplug.layers.base.methods.outermost_call import THREAD
from kplug.layers.base.methods.protocol import method
from kplug.layers.base.shapes import standardize_input_shape
from kplug.layers.base.tracked_containers import forget, make_room
from kplug.layers.base.weight_lists import walk_weights
from kplug.layers.base.weight_store import WeightStore
from kplug.metrics import Mean
from kplug.weak_links import WeakLink
from kplug.write_guard import WriteGuard, is_own


class Layer(nn.Module):
    """A computation with weights; an ``nn.Module`` that is built when its input shape is known.

    A subclass writes ``call``, and ``build`` if it has weights. Its constructor passes the arguments that
    it does not know on to this one, and gives arguments that name components to ``add_slot``.

    A layer starts in evaluation mode, as in Keras: called by itself, a dropout layer drops nothing. ``fit``
    puts the layers of a model into training mode; ``layer.train()`` does the same for one layer. Unlike
    Keras's, a layer is called like a module, so torch's hooks and ``torch.func`` work.

    Args:
        name: Unique in a model; made from the class if it is left out.
        trainable: Whether training changes the weights.
        dtype: Type of the weights; float inputs are cast to it. ``None`` is that of
            ``config.dtype_policy()``: ``floatx()``, unless another was set.
        activity_regularizer: A regularizer of the outputs. Its penalty is divided by the batch size.
        input_shape: Shape of one sample, for a model's first layer.
        input_dim: The same for samples that are rows: ``input_shape=(input_dim,)``.
        batch_input_shape: Shape with the batch size, or ``None`` for it, in front.
        batch_size: Goes with ``input_shape``.
        weights: Arrays that replace the initial values.

    Attributes:
        output_count: How many tensors ``call`` returns. A class with several may set it; otherwise they are
            counted when the layer is called on symbolic tensors.
        casts_integers: Whether integers are cast to the layer's type, too. A class sets it whose weights
            are multiplied with the inputs.
        supports_masking: Whether the outputs have the mask of the inputs, or what ``compute_mask`` makes
            of it. A class that writes ``compute_mask`` supports masks.
        takes_several: Whether a call may be given several tensors in a list, tuple or dict. Unless a class
            sets it, it is false where the first argument of ``call`` is annotated as a ``Tensor``.
        defers_build_errors: Whether what ``build`` raises for symbolic inputs is raised where the outputs are
            needed, with all other problems, and not by the call. A component that is not found waits for
            that in any case.
        ends_in_activation: Whether the outputs are what the activation in the slot ``activation`` makes.
            By it ``compile`` knows of a softmax before a loss that computes another.
        is_watched: Whether ``call`` may change in place what it is given, so that its first call in each
            mode is given copies. It is true for all classes but kplug's own; a class whose ``call`` changes
            nothing, and needs the very tensors, sets it to false.
        input_spec: What shapes the layer takes, one for each input or a list; ``None`` for all.
        batch_input_shape: The input shape that the constructor was given, or ``None``.
        built: Whether the weights are declared.
        built_shape: What ``build`` was given: a shape, or shapes nested as the inputs are.
        is_changed_since_built: Whether a number or a tuple was assigned to an attribute since then.
        given_arguments: Optional arguments that a user's constructor was given, by name.
        held_elsewhere: Arguments of this constructor that were given, and that a configuration may lack: the
            model has them, as its input's shape or its weights' values.
        slots: The constructor arguments that name components, by name.
        activity_penalties: Penalties of the outermost layer's last call that this one took part in.
        inbound_nodes: The calls of this layer on symbolic tensors.

    Raises:
        ArgumentError: A keyword that the class does not know.
        ArgumentValueError: A value outside its range.

    Example:
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight("factor", input_shape[-1:], initializer="ones")
        ...
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> layer = Scale(name="scale")
        >>> layer(torch.full((1, 3), 2.0)).detach()
        tensor([[2., 2., 2.]])
        >>> layer.get_weights()
        [array([1., 1., 1.], dtype=float32)]
    """

    output_count: int = 1
    casts_integers: bool = False
    supports_masking: bool = False
    takes_several: bool = True
    defers_build_errors: bool = True
    ends_in_activation: bool = False
    is_watched: bool = False
    input_spec: InputSpec | Sequence[InputSpec | None] | None = None
    built_shape: Any = None
    is_changed_since_built: bool = False
    given_arguments: tuple[str, ...] = ()
    activity_regularizer: Any
    _is_ready: bool = False
    _takes_training: bool = False
    _call_names: tuple[str, ...] = ("inputs",)
    _takes_mask: bool = False
    # Whether it may make a mask of inputs that carry none, as ``Masking`` does.
    _makes_masks: bool = False
    # Whether its name is in the paths of the weights of the layers that it builds.
    _names_weights: bool = True
    # Whether the layers inside handle the masks, as in a model.
    _leaves_masks: bool = False
    _output_keys: tuple[
        str, ...
    ] = ()  # of a dict that `call` returned when it last ran without data
    _told: frozenset[str] = frozenset()
    _noted_in_call: object = None
    _made_in_call: object = None
    _loss_functions: tuple[Callable[[], Tensor], ...] = ()
    _added_metrics: Mapping[str, Mean] = MappingProxyType({})

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: DTypeLike = None,
        activity_regularizer: RegularizerLike = None,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        weights: Sequence[Any] | None = None,
        **unknown: object,
    ) -> None:
        super().__init__()
        refuse_keywords(type(self), unknown)
        self.training = False
        self.name = read_name(type(self), name)
        self.built = False
        self.slots: dict[str, Slot] = {}
        self.inbound_nodes: list[Node] = []
        self._users: list[WeakLink[Node]] = []
        self.activity_penalties: list[Tensor] = []
        self._write_guards: dict[str, WriteGuard] = {}
        self._torch_dtype = read_weights_type(type(self).__name__, dtype)
        self._device: torch.device | None = None
        self._trainable = require_flag(type(self).__name__, "trainable", trainable)
        self._store = WeightStore(self, weights)
        self._is_ready = False
        if THREAD.call is not None:
            vars(self)["_made_in_call"] = THREAD.call
        self.batch_input_shape = standardize_input_shape(
            type(self).__name__, input_shape, input_dim, batch_input_shape, batch_size
        )
        kept_by_model = {
            "name": name,
            "input_shape": input_shape,
            "input_dim": input_dim,
            "batch_input_shape": batch_input_shape,
            "batch_size": batch_size,
            "weights": weights,
        }
        self.held_elsewhere = tuple(
            key for key, given in kept_by_model.items() if given is not None
        )
        self.add_slot("activity_regularizer", "regularizer", activity_regularizer)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._call_names = name_arguments(cls.call)
        cls._takes_training = "training" in cls._call_names
        cls._takes_mask = takes_mask(cls._call_names)
        if "call" in vars(cls) and "takes_several" not in vars(cls):
            cls.takes_several = not takes_one_tensor(cls.call)
        if "call" in vars(cls) and "ends_in_activation" not in vars(cls):
            cls.ends_in_activation = False
        if "compute_mask" in vars(cls):
            cls.supports_masking = True
            cls._makes_masks = vars(cls).get("_makes_masks", True)
        if "build" in vars(cls):
            cls.build = marking_built(vars(cls)["build"])  # type: ignore[method-assign]
        if "__init__" in vars(cls):
            cls.__init__ = watching_arguments(vars(cls)["__init__"])  # type: ignore[method-assign]
        if "is_watched" not in vars(cls):
            cls.is_watched |= not is_own(cls)
        complete_documentation(cls)

    @property
    def dtype(self) -> str:
        """Name of the type of the weights."""
        return dtype_name(self._torch_dtype)

    variable_dtype = compute_dtype = dtype

    def find_output_activation(self) -> str | None:
        """Return the name of the activation whose values the outputs are; ``None`` if none is known."""
        slot = self.slots.get("activation") if self.ends_in_activation else None
        resolved = None if slot is None or slot.is_empty else slot.find_resolved()
        if resolved is None:
            return None
        function = getattr(resolved.object, "func", resolved.object)  # with arguments bound to it
        return str(getattr(function, "__name__", type(function).__name__)).lower()

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The policy of the layer's type; precision of computation is the model's, by ``compile``."""
        return DTypePolicy(self.dtype)

    # -- what subclasses write ---------------------------------------------------------------

    def build(self, input_shape: Any) -> None:  # noqa: ARG002 - subclasses use it
        """Add the weights; called once, when the input shape is known.

        Args:
            input_shape: Shape with the batch (``None``) in front; a list of shapes if the layer is
                called on a list.
        """
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs.

        Args:
            inputs: A tensor, or nested tensors, as the layer is called with.
            args: Further arguments of the call.
            kwargs: Further keyword arguments. A parameter named ``training`` is given the mode.

        Returns:
            A tensor, or a list of tensors if ``output_count`` is more than 1.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call(self, inputs)")

    compute_mask = method(symbolic_calls.compute_mask)
    is_given_mask = method(symbolic_calls.is_given_mask)
    trace_masks = method(symbolic_calls.trace_masks)
    compute_output_shape = method(symbolic_calls.compute_output_shape)

    # -- calling -----------------------------------------------------------------------------

    __call__ = method(calls.call_layer)
    forward = method(calls.forward)
    infer_specs = method(symbolic_calls.infer_specs)
    _call_with_care = method(calls.call_with_care)
    _connect = method(symbolic_calls.connect)
    _count_outputs = method(symbolic_calls.count_outputs)
    _note_activity = method(calls.note_activity)
    _check_shapes = method(calls.check_shapes)
    _require_shape = method(calls.require_shape)

    def convert_inputs(self, inputs: Any) -> Any:
        """Return the first argument of a call as ``call`` is given it; a subclass may write it.

        Args:
            inputs: A tensor, an array, numbers, or these in lists, tuples and dicts.

        Returns:
            The same as tensors, floats of the layer's type.
        """
        return convert_inputs(inputs, self._torch_dtype, self.casts_integers)

    # -- building ----------------------------------------------------------------------------

    build_for = method(building.build_for)
    declare_for = method(building.declare_for)
    materialize = method(building.materialize)
    resolve_slots = method(building.resolve_slots)
    _fill_own_weights = method(building.fill_own_weights)
    _ensure_values = method(building.ensure_values)
    _declare_from_what_is_known = method(building.declare_from_what_is_known)

    def _flatten_layers(self) -> list[Layer]:
        """Return this layer and the layers inside it, each once."""
        return [module for module in self.modules() if isinstance(module, Layer)]

    def _adjust_first_values(self, filled: set[str]) -> None:
        """Change what the initializers have made; a subclass may write it.

        Args:
            filled: The names of the weights that just got their first values.
        """

    # -- components and weights --------------------------------------------------------------

    add_slot = method(weight_methods.add_slot)
    add_weight = method(weight_methods.add_weight)
    set_weight_component = method(weight_methods.set_weight_component)
    named_weights = method(weight_methods.named_weights)
    get_weights = method(weight_methods.get_weights)
    set_weights = method(weight_methods.set_weights)
    count_params = method(weight_methods.count_params)

    def _read_weight(self, name: str) -> Any:
        """Return a weight by its attribute, which takes eight times as long: Python looks elsewhere first."""
        weights = self._parameters
        return weights[name] if name in weights else getattr(self, name)

    def _show_component(self, name: str, component: Any) -> None:
        """Let the attribute hold a component; one that is a module becomes an inner module."""
        self._modules.pop(name, None)
        vars(self).pop(name, None)
        nn.Module.__setattr__(self, name, component)

    def _walk(self) -> Iterator[tuple[str, Tensor]]:
        return walk_weights(self, self._store)

    @property
    def weights(self) -> list[Tensor]:
        """All weights, in Keras's order and shapes; empty while the input shape is unknown."""
        return [weight for _, weight in self.named_weights()]

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that training changes; none while ``trainable`` is False."""
        return [weight for weight in self.weights if weight.requires_grad]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """The other weights."""
        return [weight for weight in self.weights if not weight.requires_grad]

    variables, trainable_variables = weights, trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the layer's weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = require_flag(type(self).__name__, "trainable", value)
        self._store.freeze(not self._trainable)
        for child in self.children():
            if isinstance(child, Layer):
                child.trainable = self._trainable
            else:
                child.requires_grad_(self._trainable)

    # -- penalties, losses and metrics -------------------------------------------------------

    weight_penalties = method(loss_methods.weight_penalties)
    weight_constraints = method(loss_methods.weight_constraints)
    regularization_losses = method(loss_methods.regularization_losses)
    add_loss = method(loss_methods.add_loss)
    note_loss = method(loss_methods.note_loss)
    clear_losses = method(loss_methods.clear_losses)
    add_metric = method(loss_methods.add_metric)
    note_metric = method(loss_methods.note_metric)
    _name_metric = method(loss_methods.name_metric)

    @property
    def losses(self) -> list[Tensor]:
        """Weight penalties, and the activity penalties of each layer's last call."""
        activity = [one for layer in self._flatten_layers() for one in layer.activity_penalties]
        return self.regularization_losses() + activity

    # -- place in a graph --------------------------------------------------------------------

    note_user = method(graph_place.note_user)
    get_input_at = method(graph_place.get_input_at)
    get_output_at = method(graph_place.get_output_at)
    get_input_shape_at = method(graph_place.get_input_shape_at)
    get_output_shape_at = method(graph_place.get_output_shape_at)

    @property
    def _inbound_nodes(self) -> list[Node]:
        return self.inbound_nodes

    @property
    def outbound_nodes(self) -> list[Node]:
        """The calls in which other layers use its symbolic outputs, as long as these layers live."""
        return [node for link in self._users if (node := link()) is not None]

    @outbound_nodes.setter
    def outbound_nodes(self, nodes: Iterable[Node]) -> None:
        self._users = [WeakLink(node) for node in nodes]

    _outbound_nodes = outbound_nodes

    @property
    def input(self) -> Any:
        """The symbolic input of the first call, or the list of them; ``get_input_at`` has those of others.

        Raises:
            NotBuiltError: The layer is in no graph. It is an ``AttributeError``, too.
        """
        return read_links(self, "input")

    @property
    def output(self) -> Any:
        """The symbolic output of the first call, or the list of them; ``get_output_at`` has those of others.

        Raises:
            NotBuiltError: The layer is in no graph. It is an ``AttributeError``, too.
        """
        return read_links(self, "output")

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or the list of shapes; the batch is ``None``.

        Raises:
            NotBuiltError: The layer is in no graph.
            GraphError: It was called on several shapes; ``get_input_shape_at`` says which is meant.
        """
        return read_links(self, "input_shape")

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or the list of shapes; the batch is ``None``.

        Raises:
            NotBuiltError: The layer is in no graph.
            GraphError: It has outputs of several shapes; ``get_output_shape_at`` says which is meant.
        """
        return read_links(self, "output_shape")

    # -- configuration -----------------------------------------------------------------------

    get_config = method(configuration.get_config)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what ``get_config`` returned, here or in Keras.

        What every layer has, such as ``name``, may be missing from the constructor of a subclass: it is set
        afterwards.
        """
        arguments = leave_out_idle(cls, config)
        later = list_untaken(cls, arguments)
        layer = cls(**{key: arguments[key] for key in arguments if key not in later})
        for key in later:
            if key == "dtype":
                layer.to(read_weights_type(cls.__name__, arguments[key]))
            elif getattr(layer, key) != arguments[key]:  # or a layer inside may thaw
                setattr(layer, key, arguments[key])
        return layer

    def extra_repr(self) -> str:
        """Return what torch prints of the layer besides its class."""
        return f"name={self.name!r}"

    # -- what torch and Python do with modules -----------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        state = vars(self)
        if name in state.get("slots", ()):
            # A component assigned later is looked up before the layer is used again.
            self.slots[name].replace(value)
            self._show_component(name, value)
            self._is_ready = False
            return
        if name in state and state[name] is value:  # as after `self.blocks += [layer]`
            return
        if type(value) in (int, tuple, list) and state.get("built") and name in state:
            self._note_setting(name)
        value = make_room(self, name, value)
        if isinstance(value, Tensor):
            self._rename_weight(name, value)
        if is_fixed(value):
            state.pop(name, None)
            self._buffers[name] = value  # torch would take it for a parameter to train
            return
        super().__setattr__(name, value)

    def _note_setting(self, name: str) -> None:
        """Note that a setting changes which the weights may have been made by."""
        if not name.startswith("_") and name not in ("built_shape", "optimized"):
            vars(self)["is_changed_since_built"] = True

    def __getattr__(self, name: str) -> Tensor | nn.Module:
        state = self.__dict__
        for home in ("_parameters", "_modules"):  # the shortest way to what each call reads
            if name in state.get(home, ()):
                found: Tensor | nn.Module = state[home][name]
                return found
        try:
            return super().__getattr__(name)
        except AttributeError:
            asked = getattr(type(self), name, None)
            if not isinstance(asked, property):
                raise
        # The property has raised an AttributeError, whose text torch would replace.
        return asked.__get__(self)  # type: ignore[no-any-return]

    def __delattr__(self, name: str) -> None:
        forget(self, name)
        super().__delattr__(name)

    def _rename_weight(self, attribute: str, value: Tensor) -> None:
        """Let a weight live in the attribute that its author chose, and nowhere else."""
        store: WeightStore | None = vars(self).get("_store")
        entry = None if store is None else store.find_entry(value)
        if store is None or entry is None or entry.attribute == attribute:
            return
        store.take_out(entry)
        entry.attribute = attribute
        if not entry.is_trainable:
            vars(self).pop(attribute, None)  # such as None, from the constructor
            self._buffers[attribute] = value

    def _save_to_state_dict(self, *args: Any) -> None:
        self._ensure_values()
        super()._save_to_state_dict(*args)

    def _load_from_state_dict(self, *args: Any) -> None:
        self._ensure_values()
        super()._load_from_state_dict(*args)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        if self._store.entries:
            self._ensure_values()
        homes: tuple[dict[str, Any], ...] = (self._parameters, self._buffers)
        held = [(tensors, dict(tensors)) for tensors in homes]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for tensors, before in held:  # what torch had to make anew is no variable
            for name, tensor in before.items():
                if tensor is not None:
                    tensors[name] = like_variable(tensors[name], tensor)
        # After `layer.double()` inputs are cast to the new type, and after `layer.to(device)` weights that
        # are declared later are made there.
        probe = fn(torch.empty(0, dtype=self._torch_dtype, device=self._device))
        self._torch_dtype, self._device = probe.dtype, probe.device
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy_connected(self, memo)


def _fill_within(parent: nn.Module, name: str, module: nn.Module | None) -> None:  # noqa: ARG001 - torch's hook
    """Give a layer of known input shape its weights when it becomes part of a module that is no layer.

    Such a module's ``parameters()`` are torch's, which ask no layer for weights that are still to be made.
    """
    if isinstance(module, Layer) and not isinstance(parent, (Layer, nn.ModuleList, nn.ModuleDict)):
        module._ensure_values()


register_module_module_registration_hook(_fill_within)
