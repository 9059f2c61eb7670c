"""Refuse data without the targets that a loss or a metric needs."""

from __future__ import annotations

from kplug.errors import DataError
from kplug.training.compiled import Compiled, describe_loss
from kplug.training.data.batch import BatchSource
from kplug.training.data.sample_source import SampleSource


def check_targets(compiled: Compiled, source: BatchSource, method: str) -> None:
    """Refuse data without targets for a loss or a metric that needs them.

    Raises:
        DataError: If the targets are missing.
    """
    if not isinstance(source, SampleSource):
        return  # the first batch will tell
    y = source.samples.y
    if y is None and (compiled.losses or compiled.metrics):
        names = ", ".join(repr(entry.name) for entry in compiled.metrics)
        user = f"loss {describe_loss(compiled)!r}" if compiled.losses else f"metric {names}"
        raise DataError(
            f"{method}: y is None, and the {user} needs targets",
            hint="Pass the targets as the second argument.",
        )
    users = [(entry.index, f"loss {str(entry.loss.name)!r}") for entry in compiled.losses]
    users += [(entry.index, f"metric {entry.name!r}") for entry in compiled.metrics]
    for index, user in users:
        if isinstance(y, list) and y[index] is None:
            name = compiled.output_names[index]
            raise DataError(
                f"{method}: y has no targets for output {name!r}, and its {user} needs them",
                hint=f"Pass them, or leave {name!r} out of what compile is given.",
            )
