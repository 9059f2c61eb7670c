"""``RNN``: runs a cell along the time axis of sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.backend import to_tensor
from kplug.components.arguments import refusal, require_flag
from kplug.components.configurable import read_config
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.shapes import is_shape
from kplug.layers.recurrent.base.cells import (
    is_cell,
    keeps_shapes,
    output_shape_of,
    sizes_of,
    state_shapes_of,
)
from kplug.layers.recurrent.base.gated_cell import GatedCell
from kplug.layers.recurrent.base.kept_states import KeptStates
from kplug.layers.recurrent.base.kernel_choice import SequenceResult, SequenceRun
from kplug.layers.recurrent.base.own_cell import describe_cell, make_cell, show_cell
from kplug.layers.recurrent.stacked import StackedRNNCells
from kplug.layers.serialization import read_inner, serialize
from kplug.support.nested import find_leaves


class RNN(Layer):
    """Runs a cell along the time axis of sequences.

    Inputs are sequences (N, time, features), or a list of them and the initial states. Where their mask
    is False, states and output stay those of the time step before.

    Args:
        cell: A layer with a ``state_size`` (a number, or a list of them) and a
            ``call(inputs, states)`` that returns the output and the new states; or a list of cells, each
            fed with the output of the one before.
        return_sequences: Whether to return the outputs of all time steps, (N, time, units), instead of
            the last one, (N, units).
        return_state: Whether to return the last states as well; the layer returns a list then.
        go_backwards: Whether to run from the last time step to the first; the outputs have that order.
        stateful: Whether the last states of sample i are the initial ones of sample i of the next batch.
        unroll: Ignored: the loop is always Python's, and torch's compiler unrolls it.
        zero_output_for_mask: Whether the output of masked time steps is 0.

    Raises:
        ArgumentValueError: ``cell`` is no cell, or a switch is no boolean.

    Example:
        >>> from kplug.layers import GRUCell
        >>> RNN(GRUCell(3), return_sequences=True)(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 3])

    Reference:
        ``keras.layers.RNN``. The states of stacked cells are one list. A mask also counts where initial
        states are given; Keras 3 ignores it then.
    """

    supports_masking = True
    casts_integers = True
    _makes_masks = False
    _takes_kernel = True
    # The class of the cell that a subclass creates from its own arguments.
    _cell_class: ClassVar[type[Layer] | None] = None
    # Arguments of the cell that all layers of the class share.
    _fixed: ClassVar[Mapping[str, Any]] = {}

    if TYPE_CHECKING:  # layers that create their cell expose its attributes

        def __getattr__(self, name: str) -> Any: ...

    def __init_subclass__(cls, cell: type[Layer] | None = None, **fixed: Any) -> None:
        super().__init_subclass__()
        if cell is not None:
            cls._cell_class, cls._fixed = cell, fixed
            show_cell(cls, cell)

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        if not is_cell(cell):
            allowed = "a layer with a state_size, or a list of them"
            raise ArgumentValueError(type(self).__name__, "cell", cell, allowed)
        self.cell = cell
        owner = type(self).__name__
        self.return_sequences = require_flag(owner, "return_sequences", return_sequences)
        self.return_state = require_flag(owner, "return_state", return_state)
        self.go_backwards = require_flag(owner, "go_backwards", go_backwards)
        self.stateful = require_flag(owner, "stateful", stateful)
        self.unroll = require_flag(owner, "unroll", unroll)
        self.zero_output_for_mask = require_flag(
            owner, "zero_output_for_mask", zero_output_for_mask
        )
        self.output_count = 1 + len(sizes_of(cell)) if self.return_state else 1
        cells = getattr(cell, "chained_cells", None) or [cell]
        # Methods of a gated cell are called directly, without the cell's own guard.
        self.is_watched |= any(each.is_watched for each in cells)
        is_known = type(cells[0]).call is GatedCell.call
        ndim = 3 + getattr(cells[0], "rank", 0)
        self.input_spec = InputSpec(ndim=ndim) if is_known else InputSpec(min_ndim=3)
        self._kept_states = KeptStates(self)

    def _make_with_cell(self, *, use_cudnn: object = "auto", **arguments: Any) -> None:
        """Create the cell from its arguments, and the layer from the others."""
        if use_cudnn not in ("auto", True, False):
            raise refusal(self, "use_cudnn", use_cudnn, "'auto', True or False")
        cell, others = make_cell(self._cell_class, {**arguments, **self._fixed})
        RNN.__init__(self, cell, **others)
        self._takes_kernel = use_cudnn is not False
        # The layer shares the cell's slots, so that messages and component tables name the layer.
        self.slots |= {name: slot for name, slot in cell.slots.items() if name not in self.slots}

    def _show_component(self, name: str, component: Any) -> None:
        cell = vars(self)["_modules"].get("cell")
        if cell is not None and cell.slots.get(name) is self.slots[name]:
            cell._show_component(name, component)
        else:
            super()._show_component(name, component)

    # -- building ----------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Build the cell for the inputs of one time step.

        Args:
            input_shape: Shape of the sequences, or a list of it and the shapes of the states.
        """
        shape: Shape = tuple(input_shape if is_shape(input_shape) else input_shape[0])
        self._require_shape(shape)
        self.cell.declare_for((shape[0], *shape[2:]))
        if keeps_shapes(self.cell):
            self.input_spec = InputSpec(shape=(None, None, *shape[2:]))
        else:
            axes = {} if shape[-1] is None else {-1: shape[-1]}
            self.input_spec = InputSpec(len(shape), axes=axes)
        self._kept_states.batch_size = shape[0] if self.stateful else None

    def _adjust_first_values(self, filled: set[str]) -> None:  # noqa: ARG002 - it adds to them
        # Before the first batch, so that compiled steps find the buffers.
        if self._kept_states.batch_size is not None and self.states is None:
            self._kept_states.start_again(self.get_initial_state)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output shape; with ``return_state`` a list of the shapes of output and states."""
        shape = tuple(input_shape if is_shape(input_shape) else input_shape[0])
        times = shape[1:2] if self.return_sequences else ()
        if keeps_shapes(self.cell) and not self.built:
            self.declare_for(shape)
        output = (shape[0], *times, *output_shape_of(self.cell))
        if not self.return_state:
            return output
        return [output, *((shape[0], *sizes) for sizes in state_shapes_of(self.cell))]

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:  # noqa: ARG002 - it only cuts the mask
        """Return the mask of the sequences where they are returned; states have none."""
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        output_mask = mask if self.return_sequences else None
        return [output_mask] + [None] * (self.output_count - 1)

    trace_masks = compute_mask  # it adds no operation

    # -- computing ---------------------------------------------------------------------------

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:  # fmt: skip
        """Return the last output, or those of all time steps.

        Args:
            sequences: Shape (N, time, features); or a list of them and the initial states.
            initial_state: Shape (N, units) each; ``None`` is zeros, or what a stateful layer kept.
            mask: Booleans, shape (N, time).
            training: Whether dropout drops.

        Returns:
            A tensor (N, units) or (N, time, units); with ``return_state`` a list of it and the last
            states.
        """
        del training  # the cell's own mode determines it
        if isinstance(sequences, (list, tuple)):
            sequences, *given = sequences
            initial_state = given or initial_state
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        mask = None if mask is None else mask.bool()
        if sequences.is_meta:
            return self._shape_only(sequences)
        states = self._initial_states(sequences, initial_state)
        self._require_fit(sequences, states, mask)
        result = self._run(sequences, states, mask)
        if self.stateful:
            self._kept_states.update(result.states)
        output = result.outputs if self.return_sequences else result.last
        return [output, *result.states] if self.return_state else output

    def _require_fit(self, sequences: Tensor, states: list[Tensor], mask: Tensor | None) -> None:
        # torch's kernels do not check shapes and would read out of bounds.
        shape = tuple(sequences.shape)
        self._require_shape(shape)
        if not shape[1]:
            raise DataError(f"layer {self.name!r} got sequences of no time: {shape}")
        wanted = [(shape[0], *sizes) for sizes in state_shapes_of(self.cell)]
        found = [tuple(state.shape) for state in states]
        if found != wanted:
            raise DataError(f"layer {self.name!r} expects states of shapes {wanted}, got {found}")
        if mask is not None and tuple(mask.shape) != shape[:2]:
            raise DataError(
                f"layer {self.name!r} expects a mask of shape {shape[:2]}, got {tuple(mask.shape)}"
            )

    def _run(self, sequences: Tensor, states: list[Tensor], mask: Tensor | None) -> SequenceResult:
        if self.go_backwards:
            sequences = sequences.flip(1)
            mask = None if mask is None else mask.flip(1)
        run = SequenceRun(
            mask,
            needs_states=self.return_state or self.stateful,
            takes_kernel=self._takes_kernel,
            needs_outputs=self.return_sequences or self.zero_output_for_mask,
        )
        result = run.over(self.cell, sequences, states)
        if mask is None or not self.zero_output_for_mask:
            return result
        kept = mask.reshape(*mask.shape, *(1,) * (result.outputs.ndim - 2))
        outputs = result.outputs.where(kept, 0.0)
        return result._replace(outputs=outputs, last=outputs[:, -1])

    def _shape_only(self, sequences: Tensor) -> Any:
        shapes = self.compute_output_shape(tuple(sequences.shape))
        if not self.return_state:
            return sequences.new_empty(shapes)
        return [sequences.new_empty(shape) for shape in shapes]

    # -- states ------------------------------------------------------------------------------

    def get_initial_state(self, batch_size: int = 1) -> list[Tensor]:
        """Return the states before the first time step: the cell's, or zeros."""
        own = getattr(self.cell, "get_initial_state", None)
        if own is not None:
            return list(find_leaves(own(batch_size), Tensor))
        return [
            torch.zeros(batch_size, *sizes, dtype=self._torch_dtype, device=self._device)
            for sizes in state_shapes_of(self.cell)
        ]

    def _initial_states(self, sequences: Tensor, given: Any) -> list[Tensor]:
        batch_size = sequences.shape[0]  # not len(): it makes a constant of a size that varies
        kept: list[Tensor] = []
        if self.stateful:
            kept = self._kept_states.get_for(batch_size, self.get_initial_state, self.name)
        if given is not None:
            parts = list(given) if isinstance(given, (list, tuple)) else [given]
            states = list(find_leaves([self.convert_inputs(part) for part in parts], Tensor))
        else:
            # Clones, since the kept states are overwritten.
            states = [state.clone() for state in kept] or self.get_initial_state(batch_size)
        return [state.to(sequences.device) for state in states]

    @property
    def states(self) -> list[Tensor] | None:
        """The kept states, shape (N, units) each; ``None`` while there are none."""
        return self._kept_states.get()

    def reset_states(self, states: Any = None) -> None:
        """Clear the kept states, or replace them.

        Args:
            states: New states: a tensor or array (N, units), or a list with one for each state.
                ``None``: the next batch starts from zeros, and may have another size.

        Raises:
            DataError: The number or a shape of the states does not fit.
        """
        if states is None:
            self._kept_states.start_again(self.get_initial_state)
            return
        given = states if isinstance(states, (list, tuple)) else [states]
        self._kept_states.replace(
            [to_tensor(one) for one in given], self.get_initial_state, self.name
        )

    def reset_state(self) -> None:
        """Clear the kept states; Keras 3's name for ``reset_states``."""
        self.reset_states()

    # -- configuration -----------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        if self._cell_class is None:
            return {**config, "cell": serialize(self.cell)}
        described = describe_cell(self.cell)
        config |= {key: value for key, value in described.items() if key not in self._fixed}
        return config if self._takes_kernel else {**config, "use_cudnn": False}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a layer from the result of ``get_config``, here or in Keras."""
        config = read_config(cls, config)
        if "cell" in config:
            config = {**config, "cell": read_inner(config["cell"])}
        return super().from_config(config)
