"""The ``Model`` class: a layer of layers that is compiled, trained, saved and summarized."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy.typing as npt
import torch
from torch import Tensor, nn
from typing_extensions import Self, override

from kplug import saving
from kplug.backend import get_value
from kplug.callbacks import History
from kplug.components.arguments import require_integer
from kplug.components.configurable import read_config
from kplug.errors import ContractError, KplugError, NotBuiltError, NotCompiledError
from kplug.layers.base.layer import Layer
from kplug.layers.base.shape_inference import specs_for
from kplug.layers.base.tracked_containers import require_initialized
from kplug.layers.base.weight_lists import assign_weights
from kplug.models.base.method_arguments import explaining_arguments, takes
from kplug.models.configuration.graph_reading import connect
from kplug.models.configuration.reading import look_up_own, scope_of
from kplug.models.summary.printing import html_summary, print_summary
from kplug.training import runs
from kplug.training.compiled import Compiled, compile_model
from kplug.training.component_rows import list_components
from kplug.training.component_table import ComponentTable
from kplug.training.devices import place_model
from kplug.training.jit.step_choice import measure_compile_time
from kplug.training.metric_lists import find_attribute_metrics
from kplug.training.overridden_steps import has_custom_step
from kplug.training.position import Position
from kplug.training.reports import logs
from kplug.training.settings import (
    CompileSettings,
    EvaluateSettings,
    FitSettings,
    PredictSettings,
)
from kplug.training.step import default_methods
from kplug.training.step.compiled_metrics import CompiledMetrics
from kplug.training.step.custom_steps import refuse_float16_in_custom_step


class Model(Layer):
    """A layer made of layers, which can be trained.

    ``Model(inputs, outputs)`` is the graph between symbolic tensors (see ``Functional``); a subclass
    that calls ``super().__init__(inputs, outputs)`` is one too. Any other subclass assigns its layers
    to attributes, also in lists and dicts, and implements ``call``. Its weights are created when its
    input shape is known: from ``input_shape``, or from the first data.

    Args:
        inputs: Symbolic tensors from ``Input``: one, a list or a dict.
        outputs: Symbolic tensors computed from them: one, a list or a dict.
        name: The model's name.
        **options: As for any layer.

    Attributes:
        stop_training: Set it to True in a callback, and training stops after the current step.
        first_epoch: Set it in ``on_train_begin``, and training starts with this epoch.
        history: The record of the last ``fit``.
        input_count: The number of inputs, if the class declares it; None infers it from the known
            shapes or the first data.
        lists_layers: Whether ``layers`` is complete, so that files use this list instead of attributes.
        is_functional: Whether the model is a graph between symbolic tensors.
        returns_dict: Whether the outputs are a dict by name.
        has_shape_of_data: Whether the input shape comes from the first data, not from the author.

    Example:
        >>> import numpy as np
        >>> from kplug.layers import Dense
        >>> class Residual(Model):
        ...     def __init__(self):
        ...         super().__init__(name="residual")
        ...         self.inner = Dense(3)
        ...     def call(self, inputs):
        ...         return inputs + self.inner(inputs)
        >>> Residual().predict(np.zeros((2, 3)), verbose=0).shape
        (2, 3)
    """

    input_count: int | None = None
    lists_layers: bool = False
    is_functional: bool = False
    returns_dict: bool = False
    has_shape_of_data: bool = False
    _leaves_masks = True
    # Set by Functional's module, which imports this one.
    _functional_class: ClassVar[type[Model]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Return a ``Functional`` for ``Model(inputs, outputs)``."""
        if cls is Model and (args or "inputs" in kwargs or "outputs" in kwargs):
            return super().__new__(cls._functional_class)  # type: ignore[return-value]
        return super().__new__(cls)

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, **options: Any
    ) -> None:
        if inputs is not None or outputs is not None:
            _make_functional(type(self))
            self._functional_class.__init__(self, inputs, outputs, name, **options)
            return
        super().__init__(name=name, **options)
        self.compiled: Compiled | None = None
        self.built_optimizer: torch.optim.Optimizer | None = None
        self.optimized: list[Tensor] = []
        self.stop_training = False
        self.first_epoch: int | None = None
        # Set to restore generators; called with the model, which it must not reference.
        self.when_fit_starts: Callable[[Any], None] | None = None
        # Where a run was interrupted, from load_state; the next fit goes on there.
        self.resumed_position: Position | None = None
        self.history: History | None = None

    # ---------------------------------------------------------------- structure

    @property
    def layers(self) -> list[Layer]:
        """The layers in order of assignment, including those in lists and dicts."""
        return list(_find_layers(self))

    def forget_compilation(self) -> None:
        """Reset the model to its state before ``compile``."""
        # Declared only here: pyright would use a subclass's assignment as the type.
        self.compiled, self.built_optimizer = None, None

    def _forget_steps(self) -> None:
        """Discard the compiled steps, which are outdated."""
        if self.compiled is not None:
            self.compiled.steps.clear()

    def _register(self, layer: Layer) -> None:
        """Register a layer as a submodule under its name."""
        layer.train(self.training)
        key = layer.name.replace(".", "_")  # torch splits the keys of state_dict at dots
        while self._modules.get(key, layer) is not layer:
            key = f"{key}_{len(self._modules)}"
        # Not add_module: it refuses names of existing attributes, such as "training".
        self._modules[key] = layer

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or index.

        Raises:
            KplugError: If there is no such layer, or not exactly one argument is given.
        """
        if (name is None) == (index is None):
            raise KplugError("get_layer needs either a name or an index")
        if index is not None:
            index = require_integer("get_layer", "index", index, "the place of a layer, an integer")
            if not -len(self.layers) <= index < len(self.layers):
                raise KplugError(
                    f"model {self.name!r} has no layer {index}; it has {len(self.layers)} layers"
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = ", ".join(layer.name for layer in self.layers)
        raise KplugError(f"model {self.name!r} has no layer {name!r}; its layers: {known}")

    def find_input_shape(self) -> Any:
        """Return the shape of the inputs with its batch axis, or None while it is unknown."""
        return self.batch_input_shape

    def find_input_dtype(self) -> str | None:
        """Return the type that inputs are cast to, or None to leave them as they are."""
        return self.dtype

    def find_text_readers(self) -> list[Callable[[Any], Tensor] | None]:
        """Return for each input its layer's text conversion, or None; nothing if inputs are unknown."""
        return []

    @override
    def build(self, input_shape: Any) -> None:
        """Declare the weights of all layers, by running the model without data.

        The shape has the batch in front, and is nested as the inputs are.
        """
        self.built = True
        try:
            self.infer_specs((specs_for(input_shape, self._torch_dtype),), {})
        except Exception:
            self.built = False
            raise

    @override
    def declare_for(self, input_shape: Any) -> None:
        """Declare the weights of all layers without values, unless they exist.

        A subclass's ``build`` may leave its layers to the first call; running the model without data
        builds them.
        """
        if self.built:
            return
        super().declare_for(input_shape)
        if input_shape is not None and not all(layer.built for layer in self.layers):
            Model.build(self, input_shape)

    def ensure_built(self) -> None:
        """Build the model, if its input shape is known and it is not built yet.

        Raises:
            NotBuiltError: If the input shape is not known.
        """
        if self.built:
            self.materialize()
            return
        shape = self.find_input_shape()
        if shape is None:
            raise NotBuiltError(
                f"model {self.name!r} has no weights yet: its input shape is unknown",
                hint="Give the first layer an input_shape, or call the model on data once.",
            )
        self.build_for(shape)

    # ---------------------------------------------------------------- weights

    def __reduce_ex__(self, protocol: Any) -> Any:
        # Initialize before copying, so that the copy has the same weights.
        if self.find_input_shape() is not None:
            self.ensure_built()
        return super().__reduce_ex__(protocol)

    @override
    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """Return the parameters, after building the model if its input shape is known."""
        self._ensure_values()
        return super().parameters(recurse)

    def get_weights(self) -> list[npt.NDArray[Any]]:
        """Return copies of all weights, layer by layer, in Keras's shapes."""
        self.ensure_built()
        return [get_value(weight) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights. Numbers and shapes are checked first; on an error nothing changes.

        Args:
            weights: Arrays in the order and the shapes of ``get_weights()``.

        Raises:
            WeightsError: If their number or a shape differs.
        """
        self.ensure_built()
        assign_weights(f"model {self.name!r}", self.named_weights(), weights)

    def reset_states(self) -> None:
        """Reset the states of stateful recurrent layers, nested models included."""
        for module in self.modules():
            reset = getattr(module, "reset_states", None)
            if callable(reset) and not isinstance(module, Model):
                reset()

    def count_params(self) -> int:
        """Return the number of elements of all weights."""
        self.ensure_built()
        return sum(weight.numel() for weight in self.weights)

    # ---------------------------------------------------------------- configuration

    @override
    def get_config(self) -> dict[str, Any]:
        """Return the configuration for ``from_config``; subclasses override it for their arguments.

        Raises:
            ContractError: A subclass does not override it.
        """
        self._require_own_config()
        return super().get_config()

    def _require_own_config(self) -> None:
        owner = type(self)
        writer = next(one for one in owner.__mro__ if "get_config" in vars(one))
        if writer is owner or "_require_own_config" not in vars(writer):
            return
        raise ContractError(
            f"model {self.name!r} cannot be described: {owner.__name__} has no get_config",
            hint=f"Write {owner.__name__}.get_config(self), which returns the arguments of its "
            "constructor; or save its weights alone, with save_weights.",
        )

    @classmethod
    @override
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Any:
        """Create a model from the result of ``get_config``.

        Args:
            config: The configuration: the constructor's arguments; or a graph's, here or in Keras.
            custom_objects: Your own classes and functions, by their names in the configuration.

        Raises:
            GraphError: The graph has a cycle, or refers to a missing layer or call.
        """
        config = read_config(cls, config)
        with scope_of(custom_objects):
            if not {"input_layers", "output_layers"} <= set(config):
                return super().from_config(config)
            inputs, outputs, options = connect(config)
            model: Any = cls(inputs=inputs, outputs=outputs, **options)
            model.order_layers([entry["name"] for entry in config["layers"]])
            look_up_own(model, custom_objects)
        return model

    # ---------------------------------------------------------------- training

    @takes(CompileSettings)
    def compile(self, settings: CompileSettings) -> None:
        """Resolve every component of the model and prepare it for training.

        Existing weights are kept; the optimizer starts anew. On an error nothing changes.

        Raises:
            ContractError: ``precision`` is ``"fp16"``, and the class overrides ``train_step``.
            KplugError: The one problem found.
            SeveralProblemsError: All problems of the model, if there are several.

        Reference:
            Keras 2 and Keras 3 disagree on what the third positional argument is, so here all
            after ``loss`` are given by keyword. ``compile(loss=None)`` replaces an earlier loss
            (Keras 3.15 keeps it).
        """
        require_initialized(self)
        compiled = compile_model(self, settings)
        refuse_float16_in_custom_step(self, compiled.precision)
        if self.find_input_shape() is not None:
            self.ensure_built()
        self.compiled, self.built_optimizer = compiled, None
        if self.built:
            place_model(self, compiled.device, compiled.optimizer)

    @takes(FitSettings)
    def fit(self, settings: FitSettings) -> History:
        """Train the model.

        Returns:
            The History: logs per epoch.

        Raises:
            NotCompiledError: Before ``compile``.
            DataError: If the arrays do not fit the model or each other.
            LossWithoutGradientError: If the loss cannot train the model.
        """
        self.history = runs.fit(self, settings)
        return self.history

    @takes(EvaluateSettings)
    def evaluate(self, settings: EvaluateSettings) -> Any:
        """Return the loss and the metrics on data.

        Returns:
            The loss; or a list in the order of ``metrics_names``; or a dict. With several losses each
            one follows the total, as ``<output>_loss``, and metrics are ``<output>_<metric>``.
        """
        return _as_result(runs.evaluate(self, settings), settings.return_dict)

    @takes(PredictSettings)
    def predict(self, settings: PredictSettings) -> Any:
        """Return the outputs for inputs.

        Returns:
            A NumPy array with the samples on its first axis; for a model with several outputs a list
            or dict of them, as the model returns them.
        """
        return runs.predict(self, settings)

    @explaining_arguments
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Make one update; return this batch's loss before it, and its metrics."""
        found = runs.train_on_batch(self, x, y, sample_weight, class_weight)
        return _as_result(found, return_dict)

    @explaining_arguments
    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return loss and metrics of one batch."""
        found = runs.evaluate_on_batch(self, x, y, sample_weight)
        return _as_result(found, return_dict)

    @explaining_arguments
    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch."""
        return runs.predict_on_batch(self, x)

    # Overridable by subclasses.
    train_step = default_methods.train_step
    test_step = default_methods.test_step
    predict_step = default_methods.predict_step
    compute_loss = default_methods.compute_loss
    compute_metrics = default_methods.compute_metrics
    get_metrics_result = default_methods.get_metrics_result
    reset_metrics = logs.reset_metrics

    @property
    def components(self) -> ComponentTable:
        """The component in each slot, with its package and version.

        Raises:
            NotCompiledError: Before ``compile``.
        """
        return list_components(self, self._compiled_for("components"))

    @property
    def compile_time(self) -> float:
        """Seconds that steps have waited for ``jit_compile`` since ``compile``, to trace and compile."""
        return measure_compile_time(self._compiled_for("compile_time"))

    @property
    def optimizer(self) -> Any:
        """The optimizer; before the first step, the given one, without parameters."""
        return self.built_optimizer or self._compiled_for("optimizer").optimizer

    @property
    def loss(self) -> Any:
        """The loss, or None."""
        return self._compiled_for("loss").loss

    @property
    def metrics(self) -> list[Any]:
        """The metrics of compile, then those that the model and its layers have as attributes.

        For classes with their own steps, the first one is ``loss``, and ``compile_metrics`` combines those
        of compile, as in Keras 3.
        """
        compiled, found = self._compiled_for("metrics"), find_attribute_metrics(self)
        if not has_custom_step(self):
            return [*(entry.metric for entry in compiled.metrics), *found]
        given = [CompiledMetrics(self, compiled)] if compiled.metrics else []
        return [compiled.loss_tracker, *given, *found]

    @property
    def metrics_names(self) -> list[str]:
        """Names of what ``evaluate`` returns."""
        return self._compiled_for("metrics_names").metric_names

    def _compiled_for(self, attribute: str) -> Compiled:
        if self.compiled is None:
            raise NotCompiledError(
                f"model {self.name!r} has no {attribute} yet: it is not compiled",
                hint="Call model.compile(optimizer=…, loss=…) first.",
            )
        return self.compiled

    # ---------------------------------------------------------------- files

    save = saving.save_model
    save_weights = saving.save_weights
    load_weights = saving.load_weights
    save_state = saving.save_state
    load_state = saving.load_state
    to_json = saving.to_json
    export = saving.export_model

    # ---------------------------------------------------------------- text

    summary = print_summary

    def _repr_html_(self) -> str:
        """Return the summary as a table, for notebooks."""
        return html_summary(self)


def _as_result(found: dict[str, float], return_dict: bool) -> Any:
    if return_dict:
        return dict(sorted(found.items()))
    values = list(found.values())
    return values[0] if len(values) == 1 else values


def _find_layers(module: nn.Module) -> Iterator[Layer]:
    for child in module.children():
        if isinstance(child, Layer):
            yield child
        elif isinstance(child, (nn.ModuleList, nn.ModuleDict)):
            yield from _find_layers(child)


def _make_functional(owner: Any) -> None:
    """Replace ``Model`` by ``Functional`` among the bases of a subclass, as Keras does."""
    functional = Model._functional_class
    if issubclass(owner, functional):
        return
    for base in owner.__bases__:
        if base is not Model and issubclass(base, Model):
            _make_functional(base)
    owner.__bases__ = tuple(functional if base is Model else base for base in owner.__bases__)
