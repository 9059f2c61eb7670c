"""Hook specifications: how a plugin offers components, kinds, commands and diagnostics.

A plugin is a distribution. It declares its components in one of two ways, and most need only the first:

1. **Static entry points**, no code beyond the component itself. In ``pyproject.toml``::

       [project.entry-points."kplug.losses"]
       dice_loss = "kplug_segmentation:dice_loss"

   The group is ``kplug.`` followed by the plural of the kind. Two names of one object are aliases.
   Nothing is imported until the component is used: listings read its summary from the source.

2. **Hooks**, for what a table of names cannot say: roles, other summaries, names computed from what is
   installed. One light module a distribution, named in the group ``kplug``::

       [project.entry-points.kplug]
       plugin = "kplug_segmentation.plugin"

       # kplug_segmentation/plugin.py: imported to list, so it imports nothing heavy
       import kplug

       @kplug.hookimpl
       def kplug_losses():
           return {"dice_loss": "kplug_segmentation.losses:dice_loss"}

A hook for components is called without arguments, once, when one of its kind is first looked up. It
returns a mapping of declared name to a target ``"package.module:object"`` (preferred: it stays
unimported until used), to the object itself (``@kplug.named`` gives it aliases, its documentation the
summary), or to a ``kplug.Component`` that adds aliases, a summary or a role. A hook with nothing to offer
is left out, or returns an empty mapping. A hook that raises, or returns something else, costs that
distribution its hook components and is shown by ``kplug list``.

The group name carries the version of this contract: a breaking change would be read from ``kplug2``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import kplug

PROJECT = "kplug"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

# By declared name: the text of a target, a Component, or any object that is the component.
Declarations = Mapping[str, object]


# ---------------------------------------------------------------------------
# Looked up when a layer's weights are made.
# ---------------------------------------------------------------------------


@hookspec
def kplug_initializers() -> Declarations:
    """Offer initializers: ``(shape, dtype=None) -> tensor`` of that shape.

    A class whose instances are called so, a function that takes ``shape``, or a factory of one.
    ``shape`` is Keras's: ``(in, out)`` for dense kernels, ``(height, width, in, out)`` for 2-D
    convolutions.
    """
    raise NotImplementedError


@hookspec
def kplug_regularizers() -> Declarations:
    """Offer regularizers: ``(weight_matrix) -> scalar penalty``, added to the training loss.

    The same components serve as ``kernel_``, ``bias_`` and ``activity_regularizer``.
    """
    raise NotImplementedError


@hookspec
def kplug_constraints() -> Declarations:
    """Offer constraints: ``(weight_matrix) -> weight matrix``, applied after each update."""
    raise NotImplementedError


@hookspec
def kplug_activations() -> Declarations:
    """Offer activations: ``(x) -> tensor`` of the same shape."""
    raise NotImplementedError


@hookspec
def kplug_layers() -> Declarations:
    """Offer layers: subclasses of ``kplug.layers.Layer``, or of ``torch.nn.Module``."""
    raise NotImplementedError


# ---------------------------------------------------------------------------
# Looked up when a model is compiled.
# ---------------------------------------------------------------------------


@hookspec
def kplug_losses() -> Declarations:
    """Offer losses: ``(y_true, y_pred) -> values per sample, or a scalar``.

    A class whose instances are called so, a function with these two leading parameters (further ones
    become arguments of the spec), or a factory such as ``dice_loss(smooth, thresh)``.
    """
    raise NotImplementedError


@hookspec
def kplug_metrics() -> Declarations:
    """Offer metrics: subclasses of ``kplug.metrics.Metric``, or functions as for losses."""
    raise NotImplementedError


@hookspec
def kplug_optimizers() -> Declarations:
    """Offer optimizers: ``torch.optim.Optimizer`` classes, or factories that take ``params`` first."""
    raise NotImplementedError


@hookspec
def kplug_schedules() -> Declarations:
    """Offer learning-rate schedules: ``(step) -> learning rate``."""
    raise NotImplementedError


# ---------------------------------------------------------------------------
# Looked up when training starts.
# ---------------------------------------------------------------------------


@hookspec
def kplug_callbacks() -> Declarations:
    """Offer callbacks: subclasses of ``kplug.callbacks.Callback``."""
    raise NotImplementedError


# ---------------------------------------------------------------------------
# Kinds that plugins add.
# ---------------------------------------------------------------------------


@hookspec
def kplug_kinds() -> Sequence[kplug.Kind]:
    """Add kinds of components, which are then offered, named, listed and tested like kplug's own.

    Entry points of such a kind are in the group ``kplug.<plural>`` of any distribution. A kind whose name or
    plural kplug has, or another plugin adds too, is not used.

    Returns:
        The kinds.
    """
    raise NotImplementedError


@hookspec
def kplug_components(kind: str) -> Declarations:
    """Offer components of a kind that a plugin adds, one's own or another's.

    Args:
        kind: The name of the kind, such as ``augmentation``.
    """
    raise NotImplementedError


# ---------------------------------------------------------------------------
# Beside components.
# ---------------------------------------------------------------------------


@hookspec
def kplug_commands() -> Declarations:
    """Offer subcommands of ``kplug``: functions with typer's annotations, or a ``typer.Typer`` of several.

    They are declared as components are; the group of the static tier is ``kplug.commands``. A name is
    written ``push_model`` here and ``kplug push-model`` by users. The module of a command is imported when
    it runs; ``kplug --help`` shows its summary as `kplug list` does. A name that kplug's own commands
    have, or another plugin, is reached as ``kplug DISTRIBUTION/NAME`` alone.
    """
    raise NotImplementedError


@hookspec
def kplug_offers(kind: str, name: str, distribution: str | None) -> Sequence[kplug.Package]:
    """Say which packages offer a name that nobody here offers.

    It is called when somebody reads the message about a name that was not found, so it may take a moment.
    Only what it returns is recommended to be installed. It is not called while it runs.

    Args:
        kind: The kind that is wanted, such as ``loss``; ``command`` for a command of ``kplug``; an empty text
            if that is not known.
        name: The name as it was written. It may come from a file, so trust nothing in it.
        distribution: The distribution that is said to have it, in its normal form, or None. Answers of other
            distributions are then dropped.

    Returns:
        The packages, best first; none if this plugin knows of none.
    """
    raise NotImplementedError


@hookspec
def kplug_left_out(kind: str) -> Mapping[str, str]:
    """Say what of a library is not offered, and why.

    It is called when somebody reads the message about a name that was not found, so that they learn why it is
    none and what to use instead. It is not called while it runs.

    Args:
        kind: The kind that is wanted, such as ``optimizer``.

    Returns:
        By name, the reason and what to use instead, without the last full stop. Names are compared as those
        of components are: ``SparseAdam`` is ``sparse_adam``.
    """
    raise NotImplementedError


@hookspec
def kplug_environment() -> Sequence[kplug.Section]:
    """Say what `kplug env` should show of this plugin: its settings, and what it found on this machine.

    It is called each time, and nothing waits for a network, so it returns what is known here.

    Returns:
        The sections; none if there is nothing to show.
    """
    raise NotImplementedError


@hookspec
def kplug_findings() -> Sequence[kplug.Finding]:
    """Say what `kplug doctor` should show that is wrong with this plugin here, or with what it has written.

    It is called each time, so it imports nothing heavy and waits for no network.

    Returns:
        The findings, each with the command that mends it; none if nothing is wrong.
    """
    raise NotImplementedError
