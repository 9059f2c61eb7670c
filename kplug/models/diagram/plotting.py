"""``plot_model``: draws a model into a file."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from kplug.components.arguments import refusal, require_choice, require_integer, require_path
from kplug.errors import NotBuiltError
from kplug.models.diagram.boxes import Details, make_diagram
from kplug.models.diagram.dot import run_dot, write_dot
from kplug.models.diagram.drawing import draw
from kplug.models.model import Model

_DIRECTIONS = {word.lower(): word for word in ("TB", "BT", "LR", "RL")}


def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Any:
    """Draw a model into a file: layers as boxes, connections as arrows.

    Graphviz draws it if its program ``dot`` is installed, else matplotlib does.

    Args:
        model: A built model.
        to_file: The file; its extension selects the format (``.png``, ``.svg``, ``.pdf``). A
            ``.dot`` file gets the DOT source.
        show_shapes: Whether the shapes of inputs and outputs are shown.
        show_dtype: Whether the types of outputs are shown.
        show_layer_names: Whether names are shown.
        rankdir: The direction of arrows: ``"TB"`` (down), ``"BT"`` (up), ``"LR"`` (right) or ``"RL"``.
        expand_nested: Whether the layers of nested models are shown.
        dpi: Dots per inch, >= 1.
        show_layer_activations: Whether activations are shown.
        show_trainable: Whether it is shown which layers are trained.

    Returns:
        In a notebook the picture, if it can show that format; else None.

    Raises:
        NotBuiltError: If the model's input shape is unknown.
        ArgumentValueError: If ``rankdir`` or ``dpi`` is invalid, or matplotlib cannot write the format.
        MissingLibraryError: If neither ``dot`` nor matplotlib is installed.

    Example:
        >>> import tempfile
        >>> from kplug import Sequential
        >>> from kplug.layers import Dense
        >>> file = Path(tempfile.mkdtemp(), "model.dot")
        >>> plot_model(Sequential([Dense(2, input_dim=3)]), file)
        >>> file.read_text().startswith("digraph")
        True

    Reference:
        ``keras.utils.plot_model``, which needs pydot and Graphviz, and shows names only if asked
        (Keras 2: by default, as here).
    """
    direction = require_choice("plot_model", "rankdir", rankdir, _DIRECTIONS)
    dots = require_integer("plot_model", "dpi", dpi, "an integer >= 1", at_least=1)
    require_path("plot_model", "to_file", to_file)
    _require_built(model)
    details = Details(
        names=show_layer_names,
        shapes=show_shapes,
        dtypes=show_dtype,
        activations=show_layer_activations,
        trainable=show_trainable,
        expands_nested=expand_nested,
    )
    diagram = make_diagram(model, details)
    program, suffix = shutil.which("dot"), Path(to_file).suffix
    if suffix in (".dot", ".gv"):
        Path(to_file).write_text(write_dot(diagram, direction, dots), encoding="utf-8")
        return None
    if program is not None:
        run_dot(program, write_dot(diagram, direction, dots), to_file)
    else:
        draw(diagram, to_file, direction, dots)
    return _show(to_file) if suffix in (".png", ".jpg", ".jpeg", ".gif") else None


def _require_built(model: Model) -> None:
    if not isinstance(model, Model):
        raise refusal("plot_model", "model", model, "a model")
    if model.find_input_shape() is not None:
        model.ensure_built()
    if not model.built:
        raise NotBuiltError(
            f"plot_model: model {model.name!r} is not built: its input shape is unknown",
            hint="Give the first layer an input_shape, or call the model on data once.",
        )


def _show(to_file: str | os.PathLike[str]) -> Any:
    """Return the picture as a notebook object, or None outside of notebooks."""
    display = sys.modules.get("IPython.display")
    return None if display is None else display.Image(filename=os.fspath(to_file))
