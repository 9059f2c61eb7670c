"""Constructor arguments shared by cells and their layers: their types, and their signature order."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypedDict, TypeVar, cast

from kplug.backend import DTypeLike
from kplug.components.types import ConstraintLike, InitializerLike, RegularizerLike

_Constructor = TypeVar("_Constructor", bound=Callable[..., None])


class CellArguments(TypedDict, total=False):
    """Keyword arguments common to all gated cells."""

    kernel_initializer: InitializerLike
    recurrent_initializer: InitializerLike
    bias_initializer: InitializerLike
    kernel_regularizer: RegularizerLike
    recurrent_regularizer: RegularizerLike
    bias_regularizer: RegularizerLike
    activity_regularizer: RegularizerLike
    kernel_constraint: ConstraintLike
    recurrent_constraint: ConstraintLike
    bias_constraint: ConstraintLike
    dropout: float
    recurrent_dropout: float
    seed: int | None
    name: str | None
    trainable: bool
    dtype: DTypeLike
    input_shape: Sequence[int | None] | None
    input_dim: int | None
    batch_input_shape: Sequence[int | None] | None
    batch_size: int | None
    weights: Sequence[Any] | None


class LayerArguments(CellArguments, total=False):
    """Keyword arguments common to all layers that create their own cell."""

    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    zero_output_for_mask: bool
    use_cudnn: object


# In Keras's order, for positional use.
_SHOWN = (
    "self",
    "units",
    "rank",
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "data_format",
    "dilation_rate",
    "activation",
    "recurrent_activation",
    "use_bias",
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "unit_forget_bias",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
    "dropout",
    "recurrent_dropout",
    "seed",
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "reset_after",
    "implementation",
    "use_cudnn",
    "kwargs",
)


def takes_arguments_of(
    *others: Callable[..., None], leaving_out: Collection[str] = ()
) -> Callable[[_Constructor], _Constructor]:
    """Add the arguments that a constructor forwards to its signature.

    The constructor takes them as ``**shared``; specs, error messages and ``help`` read the signature.

    Args:
        others: The constructors that receive them.
        leaving_out: Their arguments that this one does not take.
    """

    def decorate(constructor: _Constructor) -> _Constructor:
        known: dict[str, inspect.Parameter] = {}
        for one in (*others, cast("Callable[..., None]", constructor)):
            known |= inspect.signature(one).parameters
        shown = [known[name] for name in _SHOWN if name in known and name not in leaving_out]
        signature = inspect.Signature(
            [
                one.replace(kind=one.kind if one.name == "kwargs" else one.POSITIONAL_OR_KEYWORD)
                for one in shown
            ],
            return_annotation="None",
        )

        @functools.wraps(constructor)
        def construct(self: Any, *args: Any, **keywords: Any) -> None:
            given = signature.bind(self, *args, **keywords).arguments
            others = given.pop("kwargs", {})
            constructor(**given, **others)

        construct.__signature__ = signature  # type: ignore[attr-defined]
        return cast("_Constructor", construct)

    return decorate
