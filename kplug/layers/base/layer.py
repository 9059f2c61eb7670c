"""The ``Layer`` class: the base of all layers.

A layer passes through three stages. Construction only names its components. Connecting or calling it
fixes the input shape and declares the weights. Use resolves the components and initializes the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from opcode import opmap
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_module_registration_hook
from typing_extensions import Self

from kplug.backend import DTypeLike, NumpyArray, dtype_name, get_value, to_dtype
from kplug.backend.masks import as_masks, attach_masks, find_masks
from kplug.backend.variables import is_fixed, like_variable
from kplug.backend.write_guard import WriteGuard
from kplug.components.arguments import refusal, require_choice, require_flag
from kplug.components.configurable import read_config
from kplug.components.contracts import check_call
from kplug.components.types import RegularizerLike
from kplug.dialect.idle_arguments import leave_out_idle
from kplug.dialect.names import OWN_KIND
from kplug.dtype_policies import DTypePolicy, read_weights_type
from kplug.errors import (
    ArgumentValueError,
    ComputationError,
    ContractError,
    GraphError,
    KplugError,
    NotBuiltError,
    WeightsError,
)
from kplug.graph import (
    MaskStep,
    Node,
    Shape,
    SymbolicTensor,
    TensorSpec,
    copy_connected,
    in_mode,
    is_symbolic,
    list_modules,
)
from kplug.layers.base import reduced_precision
from kplug.layers.base.building import fill_layers, list_upstream, marking_built
from kplug.layers.base.call_signature import name_arguments, takes_mask, takes_one_tensor
from kplug.layers.base.component_slots import (
    Slot,
    check_slot_name,
    find_weight_slot,
    resolve_slots,
)
from kplug.layers.base.constructor_arguments import (
    list_kept_arguments,
    list_untaken,
    read_name,
    refuse_keywords,
    watching_arguments,
)
from kplug.layers.base.documentation import complete_documentation
from kplug.layers.base.graph_links import read_links, read_node
from kplug.layers.base.input_conversion import convert_inputs
from kplug.layers.base.input_spec import InputSpec, refuse_several, require_shapes
from kplug.layers.base.mask_propagation import fill_masks, set_output_masks
from kplug.layers.base.outermost_call import THREAD, note_built, warn_of_lost_layers
from kplug.layers.base.remat import RematScope, call_layer, find_scope
from kplug.layers.base.shape_inference import (
    as_shapes,
    infer_by_running,
    infer_inherited,
    shapes_of,
)
from kplug.layers.base.shapes import is_shape, standardize_input_shape
from kplug.layers.base.single_softmax import warn_of_activation
from kplug.layers.base.tracked_containers import forget, make_room, require_initialized
from kplug.layers.base.weight_entry import WeightEntry
from kplug.layers.base.weight_lists import assign_weights, count_elements, walk_weights
from kplug.layers.base.weight_paths import building, make_path
from kplug.layers.base.weight_store import TensorFunction, WeightStore, check_name, check_sizes
from kplug.metrics import Mean
from kplug.registry import REGISTRY, get_kind, keras_class, resolve_object
from kplug.registry.building.reverse_lookup import find_component_of
from kplug.registry.component_facts import is_non_mutating, states_output_count
from kplug.registry.errors import raise_problems
from kplug.registry.quoting import name_type, quote
from kplug.regularizers.adapt import require_penalty
from kplug.regularizers.weight_rules import find_weight_rules
from kplug.support.nested import find_leaves, map_leaves
from kplug.support.weak_links import WeakLink

_call_module = nn.Module.__call__
_HOW_CALLED = "A layer is called with its inputs, and with what else its call() takes."
_ERRORS_OF_KERNELS = (RuntimeError, IndexError, NotImplementedError)
# The instruction of a `raise`; an error of a kernel is raised at that of its call.
_RAISE = opmap["RAISE_VARARGS"]
# Kinds of component that affect values, never shapes, unless a call uses one directly.
_ABOUT_VALUES = ("initializer", "regularizer", "constraint")


@keras_class(None)
class Layer(nn.Module):
    """A computation with weights; an ``nn.Module`` that is built when its input shape is known.

    A subclass implements ``call``, and ``build`` if it has weights. Its constructor forwards unknown
    keyword arguments to this one, and registers arguments that name components with ``add_slot``.

    A layer starts in evaluation mode, as in Keras: a dropout layer called directly drops nothing. ``fit``
    puts the layers of a model into training mode; ``layer.train()`` does the same for one layer. A layer
    is called like any module, so torch's hooks and ``torch.func`` work.

    Args:
        name: Unique in a model; derived from the class if omitted.
        trainable: Whether training changes the weights.
        dtype: Type of the weights; float inputs are cast to it. ``None`` uses
        ``config.dtype_policy()``, which is ``floatx()`` unless set otherwise.
        activity_regularizer: A regularizer of the outputs. Its penalty is divided by the batch size.
        input_shape: Shape of one sample, for a model's first layer.
        input_dim: The same for samples that are rows: ``input_shape=(input_dim,)``.
        batch_input_shape: Shape with the batch size, or ``None`` for it, in front.
        batch_size: The batch size, together with ``input_shape``.
        weights: Arrays that replace the initial values.

    Attributes:
        output_count: The number of tensors that ``call`` returns. A class with several may set it; otherwise
        the first call on symbolic tensors counts them.
        casts_integers: Whether integer inputs are cast to the layer's type, too. Classes that multiply
        inputs by weights set it.
        supports_masking: Whether the outputs carry the inputs' mask, or the result of ``compute_mask``. A
        class that overrides ``compute_mask`` supports masks.
        takes_several: Whether a call accepts a list, tuple or dict of tensors. By default it is false if
        the first argument of ``call`` is annotated as a ``Tensor``.
        defers_build_errors: Whether errors of ``build`` on symbolic inputs are deferred until the outputs
        are needed, and then reported with all other problems. Errors of unknown components are always
        deferred.
        ends_in_activation: Whether the slot ``activation`` produces the outputs. ``compile`` uses it to
        detect a softmax before a loss that applies another.
        is_watched: Whether ``call`` may change its inputs in place, so that its first call in each mode
        gets copies. It is true unless the class is marked with ``kplug.non_mutating``.
        input_spec: The accepted input shapes, one spec or a list with one per input; ``None`` accepts all.
        batch_input_shape: The constructor's input shape, or ``None``.
        built: Whether the weights are declared.
        built_shape: The argument of ``build``: a shape, or shapes nested as the inputs are.
        is_changed_since_built: Whether a number or a tuple was assigned to an attribute after ``build``.
        given_arguments: Optional arguments passed to a user's constructor, by name.
        held_elsewhere: Given arguments that a configuration may omit because the model stores them, as its
        input shape or its weights' values.
        slots: The constructor arguments that name components, by name.
        activity_penalties: This layer's penalties in the latest outermost call that included it.
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
    is_watched: bool
    input_spec: InputSpec | Sequence[InputSpec | None] | None = None
    built_shape: Any = None
    is_changed_since_built: bool = False
    given_arguments: tuple[str, ...] = ()
    activity_regularizer: Any
    _is_ready: bool = False
    _takes_training: bool = False
    _call_names: tuple[str, ...] = ("inputs",)
    _takes_mask: bool = False
    # Whether it may create a mask for inputs without one, as ``Masking`` does.
    _makes_masks: bool = False
    # Whether its name is part of the weight paths of the layers that it builds.
    _names_weights: bool = True
    # Whether the layers inside handle the masks, as in a model.
    _leaves_masks: bool = False
    _output_keys: tuple[
        str, ...
    ] = ()  # keys of the dict that `call` returned in the latest shape inference
    _told: frozenset[str] = frozenset()
    _remat: RematScope | None = None
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
        self.is_watched = not is_non_mutating(type(self))
        self._write_guards: dict[str, WriteGuard] = {}
        self._torch_dtype = read_weights_type(type(self).__name__, dtype)
        self._device: torch.device | None = None
        self._trainable = require_flag(type(self).__name__, "trainable", trainable)
        self._store = WeightStore(self, weights)
        self._is_ready = False
        if (scope := find_scope()) is not None:
            self._remat = scope
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
            cls.__init__ = watching_arguments(cls, vars(cls)["__init__"])  # type: ignore[method-assign]
        complete_documentation(cls)

    @property
    def dtype(self) -> str:
        """Name of the type of the weights."""
        return dtype_name(self._torch_dtype)

    variable_dtype = compute_dtype = dtype

    def find_output_activation(self) -> str | None:
        """Return the name of the activation that produces the outputs; ``None`` if unknown."""
        slot = self.slots.get("activation") if self.ends_in_activation else None
        resolved = None if slot is None or slot.is_empty else slot.find_resolved()
        if resolved is None:
            return None
        function = getattr(resolved.object, "func", resolved.object)  # unwrap bound arguments
        return str(getattr(function, "__name__", type(function).__name__)).lower()

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The dtype policy of the weights; ``compile`` sets the precision of computation for the model."""
        return DTypePolicy(self.dtype)

    # -- overridden by subclasses ------------------------------------------------------------

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
            inputs: The first argument of the layer's call: a tensor, or nested tensors.
            args: Further arguments of the call.
            kwargs: Further keyword arguments. A parameter named ``training`` receives the mode.

        Returns:
            A tensor, or a list of tensors if ``output_count`` is more than 1.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call(self, inputs)")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Return the mask of the output; layers that change or create masks override it.

        Args:
            inputs: The inputs of the call.
            previous_mask: Its mask, booleans of shape (N, time), or ``None``; nested like ``inputs``.

        Returns:
            A mask or ``None``, or a list with one for each output.
        """
        return previous_mask

    def is_given_mask(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Return whether Keras's graph passes the mask as an argument of such a call.

        Keras fills in the mask before it copies the arguments to convert.
        """
        is_alone = len(args) == 1 and not kwargs and isinstance(args[0], SymbolicTensor)
        return is_alone and "mask" in self._call_names

    def trace_masks(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the operations that compute the outputs' masks in Keras's graph, nested like the outputs.

        By default, a ``compute_mask`` that computes nothing adds no operation, and any other adds one.

        Args:
            inputs: The sources of the first argument, nested like it.
            previous_mask: The sources of its masks, or ``None``.
        """
        if not self.supports_masking or type(self).compute_mask is Layer.compute_mask:
            return previous_mask if self.supports_masking else None
        has_any = next(find_leaves(previous_mask, (Node, MaskStep)), None) is not None
        return MaskStep(inputs, previous_mask) if self._makes_masks or has_any else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape for an input shape, both with the batch in front.

        A subclass may override it, and must if ``call`` needs real data to run.

        Args:
            input_shape: A shape, or a list of shapes.

        Returns:
            A shape, or a list of shapes.
        """
        try:
            shapes = as_shapes(input_shape)
        except TypeError:
            allowed = "a shape with the batch in front, such as (None, 3), or a list of shapes"
            raise refusal("compute_output_shape", "input_shape", input_shape, allowed) from None
        specs = [TensorSpec(shape, self._torch_dtype) for shape in shapes]
        argument = specs[0] if is_shape(input_shape) else specs
        if type(self).compute_output_shape is Layer.compute_output_shape:
            found = self.infer_specs((argument,), {})
        else:  # a subclass that overrides it calls super()
            self.declare_for(input_shape)
            found = infer_inherited(self, argument, f"layer {self.name!r}")
        made = [spec.shape for spec in found]
        return made[0] if len(made) == 1 else made

    # -- calling -----------------------------------------------------------------------------

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Connect the layer if ``inputs`` is symbolic, else compute.

        Args:
            inputs: A tensor, an array, a symbolic tensor, or a list of these.
            args: Further arguments for ``call``.
            kwargs: Further keyword arguments; ``training`` sets the mode for this call.

        Returns:
            The result of ``call``; symbolic for symbolic inputs.

        Raises:
            DataError: The layer does not accept the inputs' shape, or several inputs.
        """
        if THREAD.call is None and not torch.compiler.is_compiling():
            return _enter(self, inputs, args, kwargs)
        # Fast path of the most frequent call: one tensor of the right type, without a mask.
        if (
            kwargs
            or args
            or not self._is_ready
            or not isinstance(inputs, Tensor)
            or inputs.dtype is not self._torch_dtype
            or self._makes_masks
            or getattr(inputs, "_keras_mask", None) is not None
        ):
            return self._call_with_care(inputs, args, kwargs)
        try:
            return _call_module(self, inputs)
        except (RuntimeError, IndexError, TypeError) as error:
            _explain(self, error, (inputs,), {})
            raise

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs and record their penalty; ``nn.Module`` calls it."""
        if self._loss_functions and THREAD.call is not self._noted_in_call:
            for make_loss in self._loss_functions:
                self.note_loss(make_loss())
        if self._takes_training and "training" not in kwargs:
            kwargs["training"] = self.training
        if self._remat is not None and torch.is_grad_enabled():
            function = self._call_watched if self.is_watched else self.call
            outputs = call_layer(self, self._remat, function, args, kwargs)
        elif self.is_watched and not torch.compiler.is_compiling():
            outputs = self._call_watched(*args, **kwargs)
        else:
            outputs = self.call(*args, **kwargs)
        if self.activity_regularizer is not None:
            self._note_activity(outputs)
        return outputs

    def _call_watched(self, *args: Any, **kwargs: Any) -> Any:
        guard = self._write_guards.get("layer") or _make_write_guard(self, "layer", "")
        return guard.call(self.call, args, kwargs, self._parameters.values())

    def infer_specs(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[TensorSpec, ...]:
        """Return shapes and types of the outputs for arguments that hold ``TensorSpec``s."""
        shapes = shapes_of(args[0]) if args else None
        self.declare_for(shapes)
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            first = next(find_leaves((args, kwargs), TensorSpec))
            dtype = first.dtype if first.dtype.is_floating_point else self._torch_dtype
            return tuple(TensorSpec(shape, dtype) for shape in _ask_for_shapes(self, shapes))
        return infer_by_running(self, args, kwargs, f"layer {self.name!r}")

    def _call_with_care(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Slow path of a call: symbolic, first, with masks, or with inputs to convert."""
        if not self._is_ready:
            require_initialized(self)
        if not self.takes_several:
            refuse_several(self.name, inputs)
        if is_symbolic(inputs) or ((args or kwargs) and is_symbolic((args, kwargs))):
            return self._connect((inputs, *args), kwargs)
        masks = find_masks(inputs)
        if self._leaves_masks and not self._takes_mask and kwargs.get("mask") is not None:
            masks = as_masks(kwargs.pop("mask"))
        try:
            inputs = self.convert_inputs(inputs)
            if masks is not None:
                inputs = attach_masks(inputs, masks)
        except KplugError as error:
            raise error.at(f"layer {self.name!r}") from error.__cause__
        problems = [] if self._is_ready else _prepare(self, inputs)
        if self._takes_mask:
            masks = fill_masks(self._call_names, (inputs, *args), kwargs, masks)
        try:
            outputs = _compute(self, inputs, args, kwargs)
        except Exception:
            # A missing component may be the cause.
            raise_problems(problems, f"layer {self.name!r} cannot be used")
            raise
        if not self._makes_masks and (masks is None or self._leaves_masks):
            return outputs
        return set_output_masks(self, inputs, outputs, masks)

    def _connect(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Add a node to the graph, and return the symbolic outputs."""
        count, specs = self._count_outputs(kwargs), None
        if count == 1 and (self.is_watched or not states_output_count(type(self))):
            specs = _try_to_infer(self, args, kwargs)
            count = 1 if specs is None else len(specs)
        outputs = Node(self, args, kwargs, count, specs).output_tensors
        if specs is not None and len(outputs) == len(self._output_keys) > 1:
            return dict(zip(self._output_keys, outputs, strict=True))
        return outputs[0] if len(outputs) == 1 else outputs

    def _count_outputs(self, kwargs: Mapping[str, Any]) -> int:  # noqa: ARG002 - for subclasses
        """Return how many tensors a call with these keyword arguments makes."""
        return self.output_count

    def _note_activity(self, outputs: Any) -> None:
        """Add the activity penalty of all nested output tensors, a cell's states included."""
        for output in find_leaves(outputs, Tensor):
            if not output.is_meta:
                regularizer = self.activity_regularizer
                if is_non_mutating(regularizer):
                    penalty = regularizer(output)
                else:
                    role = "activity regularizer"
                    guard = self._write_guards.get(role) or _make_write_guard(
                        self, role, f"{role} of "
                    )
                    penalty = guard.call(regularizer, (output,), {})
                penalty = require_penalty(penalty, regularizer)
                self.add_loss(penalty / output.shape[0])

    def _check_shapes(self, inputs: Any, cause: BaseException | None = None) -> None:
        """Raise an error that names the shapes, if they caused the failure of a call."""
        shapes = [tuple(tensor.shape) for tensor in find_leaves(inputs, Tensor)]
        _require_shapes_of_inputs(self, shapes, cause)

    def _require_shape(self, shape: Shape, cause: BaseException | None = None) -> None:
        """Raise an error if the layer does not accept one input of this shape; subclasses may extend it."""
        require_shapes(self.input_spec, [shape], self.name, cause)

    def convert_inputs(self, inputs: Any) -> Any:
        """Convert the first argument of a call for ``call``; a subclass may override it.

        Args:
            inputs: A tensor, an array, numbers, or these in lists, tuples and dicts.

        Returns:
            The same as tensors, floats of the layer's type.
        """
        return convert_inputs(inputs, self._torch_dtype, self.casts_integers)

    # -- building ----------------------------------------------------------------------------

    def build_for(self, input_shape: Any) -> None:
        """Build the layer for an input shape: resolve its components, add and initialize its weights.

        Args:
            input_shape: Shape with the batch (``None``) in front, or a list of shapes.

        Raises:
            KplugError: A component cannot be found; ``SeveralProblemsError`` if several cannot.
            DataError: The layer does not accept this shape.
        """
        raise_problems(self.resolve_slots(), f"layer {self.name!r} cannot be built")
        self.declare_for(input_shape)
        self.materialize()

    def declare_for(self, input_shape: Any) -> None:
        """Declare the layer's weights without values, unless they exist.

        Raises:
            DataError: The layer does not accept this shape.
        """
        if is_shape(input_shape):
            input_shape = tuple(input_shape)
        shapes = list(find_leaves(input_shape, tuple))
        _require_shapes_of_inputs(self, shapes)
        if not self.built:
            count = len(self._store.entries)
            try:
                with building(self.name) if self._names_weights else nullcontext():
                    self.build(input_shape)
            except BaseException:
                self._store.forget_after(count)
                raise
            self.built = True
            note_built(self)
            _require_shapes_of_inputs(self, shapes)
            warn_of_activation(self, input_shape)

    def materialize(self) -> None:
        """Initialize all declared weights, inner layers included.

        Raises:
            KplugError: A component cannot be found, or an initializer makes a wrong shape.
        """
        fill_layers([self], f"layer {self.name!r}")

    def resolve_slots(self) -> list[KplugError]:
        """Resolve all slots, inner layers included.

        Returns:
            One error per failed slot; each names its slot, such as ``dense.kernel_regularizer``.
        """
        return resolve_slots(self._flatten_layers())

    def _fill_own_weights(self) -> None:
        """Initialize the weights without values; the slots must be resolved."""
        if self._is_ready:
            return
        filled = self._store.fill(self._device, self.name)
        self._is_ready = True
        self._adjust_first_values(filled)
        given = self._store.take_given_values()
        if given is not None:
            self.set_weights(given)

    def _ensure_values(self) -> None:
        """Build and initialize the layer if its input shape is known."""
        if self._is_ready:
            return
        if not self.built:
            self._declare_from_what_is_known()
            for inner in self._flatten_layers():  # inner graphs know their inputs
                if not inner.built:
                    inner._declare_from_what_is_known()
        if self.built:
            # Preceding layers draw first, so that the order of access does not affect the values.
            layers = list_upstream(self.inbound_nodes) if self.inbound_nodes else [self]
            fill_layers(layers, "the layers")

    def _declare_from_what_is_known(self) -> None:
        """Declare the weights without values, if the input shape is known."""
        if self.inbound_nodes:
            _ = self.inbound_nodes[0].output_specs
        elif self.batch_input_shape is not None:
            self.declare_for(self.batch_input_shape)

    def _flatten_layers(self) -> list[Layer]:
        """Return this layer and the layers inside it, each once."""
        return [module for module in list_modules(self) if isinstance(module, Layer)]

    def _adjust_first_values(self, filled: set[str]) -> None:
        """Adjust the initial values; a subclass may override it.

        Args:
            filled: The names of the newly initialized weights.
        """

    # -- components and weights --------------------------------------------------------------

    def add_slot(
        self, name: str, kind: str, identifier: object, *, default: str | None = None
    ) -> None:
        """Register a constructor argument that names a component, which is resolved later.

        The attribute ``name`` holds the given value, and the component itself once the layer's slots
        are resolved.

        Args:
            name: Name of the argument, such as ``kernel_initializer``. Specs and files take the kind from the
                end of the name.
            kind: The kind of component, such as ``"initializer"``.
            identifier: The user's value.
            default: The component that ``None`` stands for, if any.

        Raises:
            ContractError: for a name that announces another kind.
        """
        require_initialized(self)
        if not name.endswith(kind):  # most do, and need no further check
            check_slot_name(type(self).__name__, name, kind)
        if isinstance(identifier, Mapping) and identifier.get(OWN_KIND) == "layer" != kind:
            identifier = resolve_object(
                "layer", {k: identifier[k] for k in ("class_name", "config")}
            )
        self.slots[name] = Slot(kind, identifier, default=default)
        self._show_component(name, identifier)

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] = (),
        initializer: object = None,
        regularizer: object = None,
        constraint: object = None,
        trainable: bool = True,
        dtype: DTypeLike = None,
        memory_order: Sequence[int] | None = None,
        fan_axes: tuple[Sequence[int], Sequence[int]] | None = None,
    ) -> Any:
        """Add a weight; call it in ``build``.

        Args:
            name: Its name, unique in the layer; also the attribute that holds it, unless the result
                is assigned to another one. ``None`` gives ``variable``, then ``variable_1``.
            shape: Its shape, as Keras has it.
            initializer: A component, or the name of a slot such as ``"kernel_initializer"``;
                ``None`` is ``glorot_uniform`` (``zeros`` for a single axis and below).
            regularizer: A component, the name of a slot, or ``None``.
            constraint: A component, the name of a slot, or ``None``.
            trainable: Whether training changes it.
            dtype: Its type; ``None`` is the layer's.
            memory_order: The axes in memory order, slowest first;
                ``None`` keeps their order.
            fan_axes: The axes that count as input and those that count as output, for initializers
                whose spread depends on them; ``None``: the last two, as of a kernel.

        Returns:
            The weight. It is initialized when the layer is used or ``weights`` is read.

        Raises:
            ArgumentValueError: The name is invalid or taken, or a size is unknown.
        """
        require_initialized(self)
        owner = f"{type(self).__name__}.add_weight"
        name = self._store.find_free_name() if name is None else check_name(owner, name)
        if vars(self).get(name, self) is None:  # the constructor may have set a placeholder
            del vars(self)[name]
        if name in self._store or hasattr(self, name):
            raise ArgumentValueError(owner, "name", name, "a name that the layer does not have yet")
        sizes = check_sizes(owner, self.name, shape)
        default = "kplug/glorot_uniform" if len(sizes) > 1 else "kplug/zeros"
        entry = WeightEntry(
            name=name,
            attribute=name,
            path=make_path(self.name, name),
            shape=sizes,
            dtype=self._torch_dtype if dtype is None else to_dtype(dtype),
            initializer=find_weight_slot(self.slots, name, "initializer", initializer, default),
            regularizer=find_weight_slot(self.slots, name, "regularizer", regularizer),
            constraint=find_weight_slot(self.slots, name, "constraint", constraint),
            is_trainable=trainable,
            memory_order=tuple(memory_order or range(len(sizes))),
            fan_axes=fan_axes,
        )
        return _declare(self, entry)

    def set_weight_component(
        self,
        weight: Tensor,
        kind: Literal["regularizer", "constraint"],
        component: object,
    ) -> None:
        """Replace the regularizer or constraint of a weight; call it in ``build``.

        Args:
            weight: The result of ``add_weight``.
            kind: ``"regularizer"`` or ``"constraint"``.
            component: The component, or an identifier of one; ``None`` for none.

        Raises:
            ArgumentValueError: There is no such kind.
            WeightsError: The layer has not added this tensor as a weight.
        """
        require_choice(
            f"{type(self).__name__}.set_weight_component",
            "kind",
            kind,
            ("regularizer", "constraint"),
        )
        entry = self._store.find_entry(weight)
        if entry is None:
            raise WeightsError(
                f"layer {self.name!r}: set_weight_component was given a tensor of shape "
                f"{tuple(weight.shape)}, which is no weight that the layer has added",
                hint="Give it what add_weight returned.",
            )
        slot = entry.regularizer if kind == "regularizer" else entry.constraint
        slot.replace(component)
        self.slots[f"{entry.name}_{kind}"] = slot
        self._is_ready = False  # resolve the component before the next use

    def named_weights(self) -> list[tuple[str, Tensor]]:
        """Return names and weights in Keras's order.

        Own weights come first, trainable before non-trainable, then those of inner layers and modules,
        in the order of assignment.

        Returns:
            Pairs; the name of an inner layer's weight is ``attribute/name``.
        """
        self._ensure_values()
        # The first of several names of one weight counts.
        unique: dict[int, tuple[str, Tensor]] = {}
        for name, weight in self._walk():
            unique.setdefault(id(weight), (name, weight))
        return list(unique.values())

    def get_weights(self) -> list[NumpyArray]:
        """Return copies of all weights in NumPy; empty while the input shape is unknown."""
        return [get_value(weight) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights.

        Args:
            weights: Arrays with the shapes and in the order of ``get_weights()``.

        Raises:
            WeightsError: The number or a shape differs; nothing was assigned.
        """
        assign_weights(f"layer {self.name!r}", self.named_weights(), weights)

    def count_params(self) -> int:
        """Return the number of elements of all weights.

        Raises:
            NotBuiltError: The layer has no weights yet, since its input shape is unknown.
        """
        weights = self.weights
        if not self.built:
            raise NotBuiltError(
                f"layer {self.name!r} has no weights yet: its input shape is unknown",
                hint="Give it an input_shape, or call it on data once.",
            )
        return count_elements(weights)

    def _read_weight(self, name: str) -> Any:
        """Return a weight through its attribute, eight times slower than a look-up in torch's dicts."""
        weights = self._parameters
        return weights[name] if name in weights else getattr(self, name)

    def _show_component(self, name: str, component: Any) -> None:
        """Store a component in its attribute; a module becomes a submodule."""
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
        """The weights that training does not change."""
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

    def weight_penalties(self) -> list[tuple[TensorFunction, Tensor]]:
        """Return the regularizers and the weights that they are applied to, inner layers included.

        A frozen weight has no penalty, as in Keras 3.
        """
        return _collect(self, "regularizer")

    def weight_constraints(self) -> list[tuple[TensorFunction, Tensor]]:
        """Return the constraints and the weights that they are applied to after each update."""
        return _collect(self, "constraint")

    def regularization_losses(self) -> list[Tensor]:
        """Return the current penalty of each regularized weight, as 0-d tensors."""
        return [regularizer(weight) for regularizer, weight in self.weight_penalties()]

    def add_loss(self, loss: Any, inputs: Any = None) -> None:  # noqa: ARG002 - Keras 2's
        """Add to the training loss of this call; use it inside ``call``.

        Args:
            loss: A tensor, whose elements are summed as in Keras 3, or a list. It counts like an activity
            penalty, for one outermost call. Alternatively a function without arguments that returns
            one: add it outside of ``call``, and each call of the layer evaluates it.
            inputs: Ignored; in Keras 2 it names the tensors that the loss depends on.

        Raises:
            GraphError: The value is a symbolic tensor.
            ContractError: The value is no tensor.
        """
        if isinstance(loss, (list, tuple)):
            for one in loss:
                self.add_loss(one)
        elif isinstance(loss, Tensor):
            self.note_loss(loss)
        elif callable(loss) and not is_symbolic(loss):
            self._loss_functions = (*self._loss_functions, loss)
        else:
            raise _refuse_added(self.name, "add_loss", loss)

    def note_loss(self, loss: Tensor) -> None:
        """Add a tensor to the penalties of this call."""
        if loss.is_meta or THREAD.is_repeating:
            return
        if THREAD.call is not self._noted_in_call:
            self.activity_penalties.clear()  # in place: a training step holds the list
            vars(self)["_noted_in_call"] = THREAD.call
        self.activity_penalties.append(loss.sum() if loss.ndim else loss)

    def clear_losses(self) -> None:
        """Clear the activity penalties, inner layers included."""
        for layer in self._flatten_layers():
            layer.activity_penalties.clear()

    def add_metric(self, value: Any, name: str | None = None, aggregation: str = "mean") -> None:
        """Update a metric with a value; use it inside ``call``. All models with this layer log it.

        Args:
            value: A tensor.
            name: The metric's name; each name has its own mean.
            aggregation: ``"mean"``, over the batches of an epoch.

        Raises:
            GraphError: The value is a symbolic tensor.
            ArgumentValueError: The name is missing, or the aggregation is unknown.
        """
        if not isinstance(value, Tensor):
            raise _refuse_added(self.name, "add_metric", value)
        self.note_metric(self._name_metric(name, aggregation), value)

    def note_metric(self, name: str, value: Tensor) -> None:
        """Update the metric of this name with a value."""
        if value.is_meta or THREAD.is_repeating:
            return
        if name not in self._added_metrics:
            self._added_metrics = {**self._added_metrics, name: Mean(name)}
        self._added_metrics[name].update_state(value.detach())

    def _name_metric(self, name: str | None, aggregation: str) -> str:
        """Return the name of an added metric; refuse a missing name or an unknown aggregation."""
        owner = f"{type(self).__name__}.add_metric"
        require_choice(owner, "aggregation", aggregation, ("mean",))
        if not isinstance(name, str) or not name:
            raise ArgumentValueError(owner, "name", name, "a string that is not empty")
        return name

    @property
    def losses(self) -> list[Tensor]:
        """Weight penalties, and the activity penalties of each layer's last call."""
        activity = [one for layer in self._flatten_layers() for one in layer.activity_penalties]
        return self.regularization_losses() + activity

    # -- graph attributes --------------------------------------------------------------------

    def note_user(self, node: Node) -> None:
        """Record a call of another layer that uses a symbolic output of this one."""
        self._users.append(WeakLink(node))

    def get_input_at(self, node_index: int) -> Any:
        """Return the symbolic input of one call of the layer.

        Args:
            node_index: Which call, from 0.

        Raises:
            GraphError: There was no such call.
        """
        return read_node(self, node_index, "input")

    def get_output_at(self, node_index: int) -> Any:
        """Return the symbolic output of one call of the layer."""
        return read_node(self, node_index, "output")

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the input shape of one call of the layer."""
        return read_node(self, node_index, "input_shape")

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the output shape of one call of the layer."""
        return read_node(self, node_index, "output_shape")

    @property
    def _inbound_nodes(self) -> list[Node]:
        return self.inbound_nodes

    @property
    def outbound_nodes(self) -> list[Node]:
        """The calls of other layers on its symbolic outputs, held by weak references."""
        return [node for link in self._users if (node := link()) is not None]

    @outbound_nodes.setter
    def outbound_nodes(self, nodes: Iterable[Node]) -> None:
        self._users = [WeakLink(node) for node in nodes]

    _outbound_nodes = outbound_nodes

    @property
    def input(self) -> Any:
        """The symbolic input of the first call, or a list; see ``get_input_at`` for other calls.

        Raises:
            NotBuiltError: The layer is in no graph. It is an ``AttributeError``, too.
        """
        return read_links(self, "input")

    @property
    def output(self) -> Any:
        """The symbolic output of the first call, or a list; see ``get_output_at`` for other calls.

        Raises:
            NotBuiltError: The layer is in no graph. It is an ``AttributeError``, too.
        """
        return read_links(self, "output")

    @property
    def input_shape(self) -> Any:
        """Shape of the input, or the list of shapes; the batch is ``None``.

        Raises:
            NotBuiltError: The layer is in no graph.
            GraphError: Its calls have different shapes; use ``get_input_shape_at``.
        """
        return read_links(self, "input_shape")

    @property
    def output_shape(self) -> Any:
        """Shape of the output, or the list of shapes; the batch is ``None``.

        Raises:
            NotBuiltError: The layer is in no graph.
            GraphError: Its calls have outputs of different shapes; use ``get_output_shape_at``.
        """
        return read_links(self, "output_shape")

    # -- configuration -----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which ``from_config`` recreates the layer, without its weights.

        Components are specs with qualified names, such as ``kplug/l2(l2=0.01)``. It includes other
        constructor arguments that the layer stores as attributes of the same names, with JSON values. A
        class that stores them in another form overrides ``get_config``.
        """
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype,
        }
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = self.batch_input_shape
        for name, slot in self.slots.items():
            if slot.is_argument:
                config[name] = _describe_slot(slot)
        for name, value in list_kept_arguments(self).items():
            config.setdefault(name, value)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a layer from the result of ``get_config``, here or in Keras.

        The constructor of a subclass need not take the common arguments, such as ``name``: they are set
        afterwards.
        """
        arguments = leave_out_idle(cls, read_config(cls, config))
        later = list_untaken(cls, arguments)
        layer = cls(**{key: arguments[key] for key in arguments if key not in later})
        for key in later:
            if key == "dtype":
                layer.to(read_weights_type(cls.__name__, arguments[key]))
            elif getattr(layer, key) != arguments[key]:  # an assignment would unfreeze inner layers
                setattr(layer, key, arguments[key])
        return layer

    def extra_repr(self) -> str:
        """Return the details that torch prints after the class name."""
        return f"name={self.name!r}"

    # -- module and attribute protocols of torch -----------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        state = vars(self)
        if name in state.get("slots", ()):
            # Resolve a newly assigned component before the next use.
            self.slots[name].replace(value)
            self._show_component(name, value)
            self._is_ready = False
            return
        if name in state and state[name] is value:  # as after `self.blocks += [layer]`
            return
        if type(value) is bool and type(state.get(name)) is bool:  # as in each change of the mode
            object.__setattr__(self, name, value)
            return
        if type(value) in (int, tuple, list) and state.get("built") and name in state:
            self._note_setting(name)
        value = make_room(self, name, value)
        if isinstance(value, Tensor):
            self._rename_weight(name, value)
        if is_fixed(value):
            state.pop(name, None)
            self._buffers[name] = value  # torch would register it as a trainable parameter
            return
        super().__setattr__(name, value)

    def _note_setting(self, name: str) -> None:
        """Record that a setting changed which may have determined the weights."""
        if not name.startswith("_") and name not in ("built_shape", "optimized"):
            vars(self)["is_changed_since_built"] = True

    def __getattr__(self, name: str) -> Tensor | nn.Module:
        state = self.__dict__
        for home in ("_parameters", "_modules"):  # fast path for attributes read in each call
            if name in state.get(home, ()):
                found: Tensor | nn.Module = state[home][name]
                return found
        try:
            return super().__getattr__(name)
        except AttributeError:
            asked = getattr(type(self), name, None)
            if not isinstance(asked, property):
                raise
        # The property raised an AttributeError, whose text torch would replace.
        return asked.__get__(self)  # type: ignore[no-any-return]

    def __delattr__(self, name: str) -> None:
        forget(self, name)
        super().__delattr__(name)

    def _rename_weight(self, attribute: str, value: Tensor) -> None:
        """Move a weight to the attribute that the author assigned it to."""
        store: WeightStore | None = vars(self).get("_store")
        entry = None if store is None else store.find_entry(value)
        if store is None or entry is None or entry.attribute == attribute:
            return
        store.take_out(entry)
        entry.attribute = attribute
        if not entry.is_trainable:
            vars(self).pop(attribute, None)  # such as None, set by the constructor
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
        for tensors, before in held:  # tensors that torch recreated are no variables
            for name, tensor in before.items():
                if tensor is not None:
                    tensors[name] = like_variable(tensors[name], tensor)
        # After `layer.double()` inputs are cast to the new type; after `layer.to(device)` later weights are
        # created on that device.
        probe = fn(torch.empty(0, dtype=self._torch_dtype, device=self._device))
        self._torch_dtype, self._device = probe.dtype, probe.device
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy_connected(self, memo)


def _enter(layer: Layer, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make an outermost call, which clears the penalties of earlier calls."""
    THREAD.call = object()
    reduced = reduced_precision.THREAD.dtype
    try:
        if reduced is not None:
            outputs = reduced_precision.call_reduced(layer, (inputs, *args), kwargs, reduced)
        else:
            outputs = Layer.__call__(layer, inputs, *args, **kwargs)
    finally:
        THREAD.call = None
        made = THREAD.made
        if made:
            THREAD.made = ()
    if made:
        warn_of_lost_layers(layer, made)
    return outputs


def _prepare(layer: Layer, inputs: Any) -> list[KplugError]:
    """Build the layer for its inputs; meta tensors do not initialize any weight.

    Returns:
        Errors of unresolved components that do not affect shapes: a call may not need them.
    """
    if not layer.built:
        layer.declare_for(shapes_of(inputs))
    if any(tensor.is_meta for tensor in find_leaves(inputs, Tensor)):
        layers = layer._flatten_layers()
        problems = resolve_slots(layers, leaving_out=_ABOUT_VALUES)
        raise_problems(problems, f"layer {layer.name!r} cannot be used")
        return resolve_slots(layers)
    layer.materialize()
    return []


def _compute(layer: Layer, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    is_training = kwargs.pop("training", None)
    try:
        if is_training is None:
            return _call_module(layer, inputs, *args, **kwargs)
        with in_mode(list_modules(layer), bool(is_training)):
            return _call_module(layer, inputs, *args, **kwargs)
    except (RuntimeError, IndexError, TypeError) as error:
        _explain(layer, error, (inputs, *args), kwargs)
        raise


def _explain(layer: Layer, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Explain the failure of a call: bad arguments, bad shapes, or an error in a torch kernel.

    Errors from a user's layer are unchanged, also inside another layer. Errors from a user's function keep
    their text and type.
    """
    if isinstance(error, TypeError):
        check_call(layer.call, args, kwargs, f"call of layer {layer.name!r}", _HOW_CALLED)
        return
    layer._check_shapes(args[0], error)
    tensors = list(find_leaves((args, kwargs), Tensor))
    is_of_torch = type(error) in _ERRORS_OF_KERNELS and not _is_of_python(error)
    if (
        not (is_of_torch and is_non_mutating(type(layer)))
        or len(list(layer.modules())) > 1
        or any(tensor.is_meta for tensor in tensors)
    ):
        return
    given = ", ".join(f"{tuple(one.shape)} {dtype_name(one.dtype)}" for one in tensors)
    raise ComputationError(
        f"layer {layer.name!r} ({type(layer).__name__}) cannot compute with "
        f"{f'inputs of shape {given}' if given else quote(args[0])}: {error}"
    ) from error


def _is_of_python(error: Exception) -> bool:
    """Whether a ``raise`` outside torch raised an error, or a Python sequence; not a kernel of torch."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None or str(error) in ("list index out of range", "tuple index out of range"):
        return True
    module = str(place.tb_frame.f_globals.get("__name__"))
    is_raised = place.tb_frame.f_code.co_code[place.tb_lasti] == _RAISE
    return is_raised and module.partition(".")[0] != "torch"


def _describe_slot(slot: Slot) -> object:
    """Return a slot's entry in a configuration: a spec, or a dict of a layer that serves as activation."""
    part = slot.identifier
    if slot.kind == "layer" or not isinstance(part, Layer):
        return slot.to_config()
    found = find_component_of(REGISTRY, get_kind("layer"), type(part))
    name = f"custom/{type(part).__name__}" if found is None else found.qualified_name
    return {"class_name": name, "config": part.get_config(), OWN_KIND: "layer"}


def _make_write_guard(layer: Layer, role: str, prefix: str) -> WriteGuard:
    guard = layer._write_guards[role] = WriteGuard(f"{prefix}layer {layer.name!r}")
    return guard


def _require_shapes_of_inputs(
    layer: Layer, shapes: Sequence[Shape], cause: BaseException | None = None
) -> None:
    """Raise an error if the layer does not accept inputs of these shapes."""
    if len(shapes) == 1:
        layer._require_shape(shapes[0], cause)
    else:
        require_shapes(layer.input_spec, shapes, layer.name, cause)


def _try_to_infer(
    layer: Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[TensorSpec, ...] | None:
    """Infer the outputs of a user's layer, whose class need not declare their number.

    Failures, such as unresolved components and errors of the class itself, are reported with all other
    problems when the outputs are needed.
    """
    try:
        given = map_leaves((args, dict(kwargs)), SymbolicTensor, lambda tensor: tensor.spec)
        return layer.infer_specs(*given)
    except KplugError:
        return None
    except Exception:
        if layer.defers_build_errors:
            return None
        raise


def _ask_for_shapes(layer: Layer, shapes: Any) -> list[Shape]:
    """Return the output shapes that a subclass computes."""
    try:
        made = layer.compute_output_shape(shapes)
    except KplugError:
        raise
    except Exception as error:
        raise GraphError(
            f"compute_output_shape of layer {layer.name!r} ({type(layer).__name__}) failed for the input "
            f"shape {shapes}: {type(error).__name__}: {error}"
        ) from error
    try:
        return as_shapes(made)
    except TypeError:
        raise GraphError(
            f"compute_output_shape of layer {layer.name!r} ({type(layer).__name__}) returned {quote(made)} "
            f"for the input shape {shapes}; it returns a shape with the batch in front, or a list of shapes"
        ) from None


def _declare(layer: Layer, entry: WeightEntry) -> Any:
    """Add a weight without memory to the parameters or buffers."""
    weight: Any = entry.declare()
    if entry.is_trainable:
        layer.register_parameter(entry.name, weight)
        weight.requires_grad_(weight.requires_grad and layer._trainable)
    else:
        layer.register_buffer(entry.name, weight)
    layer._store.entries.append(entry)
    layer._is_ready = False
    return weight


def _collect(
    layer: Layer, role: Literal["regularizer", "constraint"]
) -> list[tuple[TensorFunction, Tensor]]:
    layer._ensure_values()
    found: dict[tuple[int, int], tuple[TensorFunction, Tensor]] = {}
    for inner in layer._flatten_layers():
        for component, weight in inner._store.find_components(role):
            found[id(component), id(weight)] = component, weight
    for module in list_modules(layer):
        for component, weight in find_weight_rules(module, role):
            found[id(component), id(weight)] = component, weight
    return list(found.values())


def _refuse_added(layer_name: str, method: str, value: object) -> KplugError:
    """Return the error for a value that is no tensor."""
    if is_symbolic(value):
        return GraphError(
            f"layer {layer_name!r}: {method} got a symbolic tensor, which belongs to a graph and to no layer",
            hint=f"Add it to the model that has the graph: model.{method}(…) of Model(inputs, outputs).",
        )
    return ContractError(
        f"layer {layer_name!r}: {method} got {name_type(value)}, and takes a tensor",
        hint="Compute it in call from the inputs or the weights.",
    )


def _fill_within(parent: nn.Module, name: str, module: nn.Module | None) -> None:  # noqa: ARG001 - torch's hook
    """Initialize a layer of known input shape when it is added to a module that is no layer.

    Such a module's ``parameters()`` is torch's, which does not trigger deferred initialization.
    """
    if isinstance(module, Layer) and not isinstance(parent, (Layer, nn.ModuleList, nn.ModuleDict)):
        module._ensure_values()


register_module_module_registration_hook(_fill_within)
