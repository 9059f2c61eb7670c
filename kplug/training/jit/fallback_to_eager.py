"""The fallback to eager execution, and its reasons."""

from __future__ import annotations

import traceback
from typing import Final

from kplug.support.weak_links import WeakLink
from kplug.training.compiled import Compiled
from kplug.training.distribution.world import find_world
from kplug.training.execution_options import AUTO
from kplug.training.jit.eager_warning import warn_of_eager_step
from kplug.training.jit.graph_breaks import GraphBreak, Spot
from kplug.training.jit.torch_compiler import CompilerError
from kplug.training.model_protocol import TrainableModel

MOST_ATTEMPTS = 3
MOST_GRAPHS = 8  # besides one for each shape: more would mean endless recompilation

OWN_GENERATOR: Final = GraphBreak("a layer with a seed draws from a generator of its own")
_NO_LIST: Final = GraphBreak(
    "the optimizer's step is no list of tensor operations, or it has hooks"
)
_SEVERAL: Final = GraphBreak("several processes exchange their gradients within a step")
TOO_MANY_GRAPHS: Final = GraphBreak(
    "it needs one graph after another, as something in it goes on changing"
)


class EagerFallback:
    """Decides whether a step is compiled; gives up at most once, with one warning.

    Attributes:
        is_eager: Whether the step runs eagerly from now on.
    """

    def __init__(self, title: str, model: TrainableModel, compiled: Compiled) -> None:
        self.title, self.jit_compile = title, compiled.jit_compile
        self._model = WeakLink(model)  # weak, as the model holds this object
        self.is_eager = False
        self._attempts = 0

    def give_up(self, reason: GraphBreak) -> None:
        """Run the step eagerly from now on; warn if compiling was requested."""
        self.is_eager = True
        model = self._model()
        compiled = None if model is None else model.compiled
        # "auto" does not warn.
        if self.jit_compile != AUTO and model is not None and compiled is not None:
            warn_of_eager_step(self.title, reason, model, compiled)

    def check_start(self, *, has_program: bool) -> None:
        """Give up before the first step if it cannot become a graph."""
        if not has_program:
            self.give_up(_NO_LIST)
        elif find_world() is not None:
            self.give_up(_SEVERAL)

    def may_try_again(self, reason: GraphBreak) -> bool:
        """Count a trace without a graph, and return whether another attempt may succeed.

        State that is created at the second step is a one-time change, so changed state is worth further
        attempts. A read of a number is in the code, and will recur.
        """
        self._attempts += 1
        return reason.kind == "state" and self._attempts < MOST_ATTEMPTS


def has_room(graphs: int, shapes: int) -> bool:
    """Return whether a step with so many graphs, of so many batch shapes, may get one more."""
    return graphs < MOST_GRAPHS + shapes


def describe_failure(error: Exception) -> GraphBreak:
    """Return the graph break for an error in tracing."""
    spots = [Spot.of(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    text = str(error).strip().partition("\n")[0]
    if "torch._C.Generator" in text:  # torch 2.12 cannot trace it
        return OWN_GENERATOR
    return GraphBreak(f"cannot be traced ({type(error).__name__}: {text})", "other", spots[::-1])


def describe_refusal(error: CompilerError) -> GraphBreak:
    """Return the graph break for an error of torch's compiler."""
    return GraphBreak(f"torch's compiler refused its graph ({error.message})")
