"""Runs of libraries that keep files as artifacts, or tables as files of JSON."""

from __future__ import annotations

import abc
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kplug_loggers.description import Signature, Table


@dataclass
class RunOfArtifacts:
    """A run whose files are artifacts, in W&B or in a library that has its names.

    Args:
        module: The library's module.
        run: The library's run.
        run_id: The id of the run.
    """

    module: Any
    run: Any
    run_id: str

    def log_file(self, file: Path) -> None:
        """Log the lock."""
        self._log_artifact("lock", file, {})

    def log_model(self, file: Path, signature: Signature | None) -> None:
        """Log the model's file with its signature as metadata."""
        self._log_artifact("model", file, {} if signature is None else asdict(signature))

    def _log_artifact(self, kind: str, file: Path, metadata: Mapping[str, Any]) -> None:
        name = f"run-{self.run_id}-{kind}"
        artifact = self.module.Artifact(name=name, type=kind, metadata=dict(metadata))
        artifact.add_file(str(file))
        self.run.log_artifact(artifact)


class RunOfFiles(abc.ABC):
    """A run of a library that has no form of its own for tables and signatures: they are files of JSON."""

    @abc.abstractmethod
    def log_file(self, file: Path) -> None:
        """Log a file."""

    def log_table(self, name: str, table: Table) -> None:
        """Log a table as a list of objects."""
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        self._log_json(f"{name}.json", rows)

    def log_model(self, file: Path, signature: Signature | None) -> None:
        """Log the model's file, and ``signature.json``."""
        if signature is not None:
            self._log_json("signature.json", asdict(signature))
        self.log_file(file)

    def _log_json(self, name: str, content: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, name)
            file.write_text(json.dumps(content, indent=2), encoding="utf-8")
            self.log_file(file)
