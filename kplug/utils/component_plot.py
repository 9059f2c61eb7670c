"""``plot_component``: draws a component's behaviour into a file."""

from __future__ import annotations

import os
from pathlib import Path

from kplug.curves.drawing import plot
from kplug.curves.sampling import SAMPLERS, sample
from kplug.errors import ArgumentError
from kplug.registry import REGISTRY, Spec, get_kind, look_up, parse_spec
from kplug.registry.building.binding import describe_signature
from kplug.registry.building.example_loading import find_own_example

_NO_CURVE = "this is no function of one number, or the same for all"
_EMPTY = {"optimizer": "this leads nowhere, or away, at this learning rate"}


def plot_component(kind: str, spec: str | Spec, to_file: str | os.PathLike[str]) -> str:
    """Draw what a component does: the loss over the prediction, the penalty over the weight, and so on.

    The component is created and called. An activation, regularizer or constraint is drawn over one number, a
    loss over ``y_pred``, a schedule over the step, an initializer as a histogram of its values, an optimizer
    as its path through the valley ``(x² + 10 y²) / 2`` at its own learning rate.

    Args:
        kind: The kind, such as ``"loss"``.
        spec: The name, with required arguments. Without them, the arguments from `kplug.example` are used.
        to_file: A ``.png``, or a ``.svg``, which follows the colours of a light or a dark page. The bytes
            are reproducible.

    Returns:
        A description of the picture in one sentence, as alternative text.

    Raises:
        ArgumentError: If the kind cannot be drawn, the component is no function of one number, or an
            optimizer diverges.
        KplugError: If the component cannot be created, or the file cannot be written.
        MissingLibraryError: If matplotlib is not installed.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "huber.svg")
        >>> plot_component("loss", "huber(delta=2.0)", file)
        'huber(delta=2.0): loss over y_pred, where y_true is 1: 4 at -2, 4 at 4; the lowest is 0 at 1, \
the highest 4 at -2'

    Reference:
        Neither Keras nor torch has it. ``kplug show NAME`` draws the curve in the terminal.
    """
    known = get_kind(kind)
    if known.name not in SAMPLERS:
        raise ArgumentError(
            f"plot_component: nothing shows what {known.with_article} does",
            hint=f"It draws {', '.join(get_kind(name).plural for name in SAMPLERS)}.",
        )
    meant = _complete(known.name, parse_spec(spec) if isinstance(spec, str) else spec)
    curve = sample(known, meant)
    if curve is None:
        raise ArgumentError(f"plot_component: {_EMPTY.get(known.name, _NO_CURVE)}: {meant}")
    title = str(Spec(meant.name, meant.args, meant.kwargs))
    plot(Path(to_file), [(title, curve)])
    return f"{title}: {curve.describe()}"


def _complete(kind: str, spec: Spec) -> Spec:
    """Add the arguments of the author's example to a spec that lacks required ones."""
    if spec.args or spec.kwargs:
        return spec
    component = look_up(get_kind(kind), spec).component
    arguments = describe_signature(get_kind(kind), REGISTRY.load(component), component)
    if all(default for _, default in arguments):
        return spec
    return Spec(spec.ref, kwargs=find_own_example(component).arguments)
