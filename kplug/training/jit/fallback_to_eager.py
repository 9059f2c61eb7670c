"""The fallback to eager execution, and its reasons."""

from __future__ import annotations

import traceback
from typing import Final

from kplug.training.compiled import Compiled
from kplug.training.distribution.world import find_world
from kplug.training.execution_options import AUTO
from kplug.training.jit.eager_warning import warn_of_eager_step
from kplug.training.jit.graph_breaks import GraphBreak, Spot
from kplug.training.jit.torch_compiler import CompilerError
from kplug.training.model_protocol import TrainableModel
from kplug.weak_links import WeakLink

MOST_ATTEMPTS = 3
MOST_GRAPHS = 8  # besides one for each shape: more would mean that compiling never ends

OWN_GENERATOR: Final = GraphBreak("a layer with a seed draws from a generator of its own")
_NO_LIST: Final = GraphBreak(
    "the optimizer's step is no list of tensor operations, or it has hooks"
)
_SEVERAL: Final = GraphBreak("several processes exchange their gradients within a step")
TOO_MANY_GRAPHS: Final = GraphBreak(
    "it needs one graph after another, as something in it goes on changing"
)


class EagerFallback:
    """Decides whether a step is compiled, and gives that up once, with one warning.

    Attributes:
        is_eager: Whether the step runs eagerly from now on.
    """

    def __init__(self, title: str, model: TrainableModel, compiled: Compiled) -> None:
        self.title, self.jit_compile = title, compiled.jit_compile
        self._model = WeakLink(model)  # which holds what asks this
        self.is_eager = False
        self._attempts = 0

    def give_up(self, reason: GraphBreak) -> None:
        """Let the step run eagerly from now on; say so where compiling was asked for."""
        self.is_eager = True
        model = self._model()
        compiled = None if model is None else model.compiled
        # "auto" promises nothing.
        if self.jit_compile != AUTO and model is not None and compiled is not None:
            warn_of_eager_step(self.title, reason, model, compiled)

    def check_start(self, *, has_program: bool) -> None:
        """Give up before the first step if there can be no graph of it."""
        if not has_program:
            self.give_up(_NO_LIST)
        elif find_world() is not None:
            self.give_up(_SEVERAL)

    def may_try_again(self, reason: GraphBreak) -> bool:
        """Count a traced step that gave no graph, and tell whether the next one may give one.

        State that is made at the second step changes what there is, but only this once: so changed state
        is worth further attempts. A read of a number is in the code and stays there.
        """
        self._attempts += 1
        return reason.kind == "state" and self._attempts < MOST_ATTEMPTS


def has_room(graphs: int, shapes: int) -> bool:
    """Tell whether a step with so many graphs, of so many shapes of batches, may get one more."""
    return graphs < MOST_GRAPHS + shapes


def describe_failure(error: Exception) -> GraphBreak:
    """Return the graph break that an error in tracing means."""
    spots = [Spot.of(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    text = str(error).strip().partition("\n")[0]
    if "torch._C.Generator" in text:  # torch 2.12 cannot even write it down
        return OWN_GENERATOR
    return GraphBreak(f"cannot be traced ({type(error).__name__}: {text})", "other", spots[::-1])


def describe_refusal(error: CompilerError) -> GraphBreak:
    """Return the graph break that an error of torch's compiler means."""
    return GraphBreak(f"torch's compiler refused its graph ({error.message})")
