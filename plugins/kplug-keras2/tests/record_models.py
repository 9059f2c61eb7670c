"""Runs programs without training and records their models' predictions, one process each.

``record_models.py FOLDER LIBRARY FROM TO CASE…``: LIBRARY is ``keras`` for the real one, ``bound`` for kplug
under that name, ``kplug`` under its own. FROM is the folder in which the real one has written weights, inputs
and predictions, or ``-``. The models are those in global names at the end, as the program named them.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import re
import runpy
import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np


def run(folder: Path, case: str, library: str) -> dict[str, Any]:
    """Run a program in the current folder and return its global names."""
    sys.path.insert(0, str(folder / "shim"))
    import world  # type: ignore[import-not-found]

    path = folder / "cases" / f"{case}.py"
    text = path.read_text(encoding="utf-8")
    world.write_world(text)
    name = "kplug" if library == "kplug" else "keras"
    if library == "bound":
        import kplug_keras2

        kplug_keras2.install()
    text = re.sub(r"\bkplug\b", name, text)
    text = text.replace("(50000, ", "(500, ")  # rows to evaluate and predict: nothing is trained
    world.install(name)
    skip_training(library)
    own = Path(path.name)
    own.write_text(text, encoding="utf-8")
    sys.argv = [str(own)]
    return runpy.run_path(str(own), run_name="__main__")


def skip_training(library: str) -> None:
    """Let methods that train return numbers at once, and Keras's optimizers take Keras 2's arguments."""
    model = find_model_class(library)
    history = SimpleNamespace(history=defaultdict(lambda: [0.5, 0.5]), epoch=[0, 1], params={})
    for name in ("fit", "fit_generator"):
        setattr(model, name, lambda *_args, **_kwargs: history)
    model.evaluate_generator = lambda *_args, **_kwargs: [0.5, 0.5]
    if library == "keras":
        import keras

        base = keras.optimizers.Optimizer
        found = [one for one in vars(keras.optimizers).values() if isinstance(one, type)]
        for one in {one for one in found if issubclass(one, base) and one is not base}:
            one.__init__ = taking_old_rates(one.__init__)  # type: ignore[misc]


def taking_old_rates(initialize: Any) -> Any:
    """Return a constructor that takes ``lr``, and leaves ``decay`` out."""

    def called(self: Any, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("decay", None)
        if "lr" in kwargs:
            kwargs["learning_rate"] = kwargs.pop("lr")
        initialize(self, *args, **kwargs)

    return called


def find_model_class(library: str) -> Any:
    """Return the class of models."""
    return importlib.import_module("keras" if library == "keras" else "kplug").Model


def list_models(names: dict[str, Any], library: str) -> list[Any]:
    """Return the models among global names, each once, that know the shapes of their inputs."""
    Model = find_model_class(library)
    unique = {id(one): one for one in names.values() if isinstance(one, Model)}
    return [one for one in unique.values() if knows_inputs(one)]


def knows_inputs(model: Any) -> bool:
    """Return whether a model knows the shapes of its inputs; kplug's says so with an error."""
    try:
        return bool(model.inputs)
    except (AttributeError, ValueError):
        return False
    except Exception as error:
        if type(error).__name__ == "NotBuiltError":
            return False
        raise


def draw_weights(model: Any) -> None:
    """Give a model weights that keep its outputs apart; biases and variances are above zero."""
    chance = np.random.default_rng(0)
    model.set_weights(
        [
            chance.uniform(0.1, 0.5, one.shape)
            if one.ndim < 2
            else chance.normal(0, np.prod(one.shape[:-1]) ** -0.5, one.shape)
            for one in model.get_weights()
        ]
    )


def draw_inputs(model: Any) -> list[Any]:
    """Return small whole numbers for each input, which tables of words take too."""
    chance = np.random.default_rng(0)
    shapes = [tuple(one.shape)[1:] for one in model.inputs]
    sizes = [(3, *(7 if size is None else size for size in shape)) for shape in shapes]
    return [chance.integers(0, 4, size).astype("float32") for size in sizes]


def record(models: list[Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return weights, inputs and predictions of models, with the given weights and inputs, if any."""
    found: dict[str, Any] = {}
    for number, model in enumerate(models):
        inputs = pick(given, f"{number}/x/") or draw_inputs(model)
        if given:
            model.set_weights(pick(given, f"{number}/w/"))
        else:
            draw_weights(model)
        predicted = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
        several = predicted if isinstance(predicted, (list, tuple)) else [predicted]
        for kind, arrays in (("x", inputs), ("w", model.get_weights()), ("p", several)):
            found.update({f"{number}/{kind}/{place}": one for place, one in enumerate(arrays)})
    return found


def pick(given: dict[str, Any], start: str) -> list[Any]:
    """Return the arrays whose names begin so, in order."""
    names = [name for name in given if name.startswith(start)]
    return [given[name] for name in sorted(names, key=lambda name: int(name[len(start) :]))]


def record_case(folder: Path, library: str, source: str, target: Path, case: str) -> None:
    """Run one program in a folder of its own, and write what its models predict."""
    name = case.replace("/", "_")
    own = target / name
    own.mkdir()
    os.chdir(own)
    given = {} if source == "-" else dict(np.load(Path(source) / f"{name}.npz"))
    models = list_models(run(folder, case, library), library)
    np.savez(target / f"{name}.npz", **record(models, given))


def main() -> None:
    """Do what the module says; what programs import is imported once."""
    from fork_programs import MODULES  # beside this file, of which pytest knows nothing

    folder, library, source, target, *cases = sys.argv[1:]
    for name in {"keras": ("keras",), "kplug": MODULES, "bound": (*MODULES, "kplug_keras2")}[
        library
    ]:
        importlib.import_module(name)
    for case in cases:
        process = multiprocessing.get_context("fork").Process(
            target=record_case, args=(Path(folder), library, source, Path(target), case)
        )
        process.start()
        process.join()


if __name__ == "__main__":
    main()
