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

A hook for components is called once, without arguments, at the first look-up of its kind. It
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

    A class whose instances have this signature, a function that takes ``shape``, or a factory of one.
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

    A class whose instances have this signature, a function with these two leading parameters (further ones
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
    """Add kinds of components, which are offered, named, listed and tested like kplug's own.

    Any distribution may declare entry points of such a kind, in the group ``kplug.<plural>``. A kind is not
    used if kplug or another plugin has its name or plural.

    Returns:
        The kinds.
    """
    raise NotImplementedError


@hookspec
def kplug_components(kind: str) -> Declarations:
    """Offer components of a kind that this or another plugin adds.

    Args:
        kind: The name of the kind, such as ``augmentation``.
    """
    raise NotImplementedError


# ---------------------------------------------------------------------------
# Looked up when a model is saved and loaded.
# ---------------------------------------------------------------------------


@hookspec
def kplug_reading(kind: str, spec: str) -> Sequence[dict[str, object]]:
    """Return what a component of a plugin computes, as data that the model's file keeps.

    It is called for each component of a model that is saved, so an answer should be remembered. The data are
    written as JSON and never interpreted by kplug.

    Args:
        kind: The kind of the component.
        spec: The qualified name with all arguments, such as ``acme/dice(smooth=1.0)``.

    Returns:
        A list of one reading; empty if this plugin makes none of that kind.
    """
    raise NotImplementedError


@hookspec
def kplug_verdict(kind: str, spec: str, reading: object) -> Sequence[kplug.Verdict]:
    """Say whether a component computes what a file's reading of it says.

    It is called when a model is loaded whose plugin had another version, or other code.

    Args:
        kind: The kind of the component.
        spec: The component of the loaded model, as for `kplug_reading`.
        reading: The data in the file, which are untrusted.

    Returns:
        A list of one verdict; empty if this plugin compares none of that kind.
    """
    raise NotImplementedError


# ---------------------------------------------------------------------------
# Beside components.
# ---------------------------------------------------------------------------


@hookspec
def kplug_commands() -> Declarations:
    """Offer subcommands of ``kplug``: functions with typer's annotations, or a ``typer.Typer`` of several.

    They are declared like components; the group of the static tier is ``kplug.commands``. The name
    ``push_model`` becomes ``kplug push-model``. The module of a command is imported when the command runs;
    ``kplug --help`` shows its summary, as `kplug list` does. If kplug or another plugin has a command of the
    same name, this one is available as ``kplug DISTRIBUTION/NAME`` only.
    """
    raise NotImplementedError


@hookspec
def kplug_offers(kind: str, name: str, distribution: str | None) -> Sequence[kplug.Package]:
    """Return packages that offer a name which no installed plugin offers.

    It is called when a user reads the message about an unknown name, so it may take a moment. kplug
    recommends only the packages that this hook returns. It is not called reentrantly.

    Args:
        kind: The requested kind, such as ``loss``; ``command`` for a command of ``kplug``; empty if unknown.
        name: The name as written. It is untrusted, since it may come from a file.
        distribution: The normalised distribution of a qualified name, or None. If given, packages of other
            distributions are dropped.

    Returns:
        The packages, best first; none if this plugin knows of none.
    """
    raise NotImplementedError


@hookspec
def kplug_archives(distribution: str, version: str, archive_hash: str) -> Sequence[str]:
    """Return addresses of an archive by its hash, for `kplug sync`, which may wait for a network.

    The installer refuses an archive with another hash. If no plugin has an address, that of the lock counts.

    Args:
        distribution: The normalised distribution.
        version: The locked version.
        archive_hash: ``sha256:`` and 64 hexadecimal digits.

    Returns:
        URLs, best first; none if this plugin knows of none.
    """
    raise NotImplementedError


@hookspec
def kplug_provenance(distribution: str, version: str) -> Sequence[str]:
    """Say who published a version of an installed distribution, and who attests it, for `kplug show`.

    It answers from what is on this machine, without a network. Where it says something of the installed
    version, messages advise ``kplug install`` rather than pip, if a plugin has that command.

    Args:
        distribution: The normalised distribution.
        version: Its installed version.

    Returns:
        Lines; none if this plugin knows nothing of it.
    """
    raise NotImplementedError


@hookspec
def kplug_versions(distribution: str) -> Sequence[kplug.PublishedVersion]:
    """Return the versions of a distribution that can be installed here from somewhere.

    It is called by commands that say what a version changes, which may wait for a network.

    Args:
        distribution: The normalised distribution.

    Returns:
        The versions, in any order; none if this plugin knows of none.
    """
    raise NotImplementedError


@hookspec
def kplug_changes(distribution: str, version: kplug.PublishedVersion) -> Sequence[kplug.Verdict]:
    """Say whether the components of an installed distribution compute the same in another version.

    It is called before the version is installed, so nothing of it may be run here.

    Args:
        distribution: The normalised distribution.
        version: The other version. What it reads is untrusted.

    Returns:
        A verdict for each component, whose message begins with it; one for all if nothing can be said of
        any; none if this plugin compares nothing.
    """
    raise NotImplementedError


@hookspec
def kplug_left_out(kind: str) -> Mapping[str, str]:
    """Return the names of a library that are deliberately left out, with reasons.

    It is called when a user reads the message about an unknown name, to explain the omission and the
    alternative. It is not called reentrantly.

    Args:
        kind: The requested kind, such as ``optimizer``.

    Returns:
        The reason and the alternative by name, without the last full stop. Names are compared like those
        of components: ``SparseAdam`` is ``sparse_adam``.
    """
    raise NotImplementedError


@hookspec
def kplug_environment() -> Sequence[kplug.Section]:
    """Return this plugin's sections of `kplug env`, such as its settings and the state of this machine.

    It is called on every run and must not wait for a network.

    Returns:
        The sections; none if there is nothing to show.
    """
    raise NotImplementedError


@hookspec
def kplug_findings() -> Sequence[kplug.Finding]:
    """Return faults of this plugin's installation or of its files, for `kplug doctor`.

    It is called on every run, so it must not import heavy libraries or wait for a network.

    Returns:
        The findings, each with the command that mends it; none if nothing is wrong.
    """
    raise NotImplementedError
