"""Signatures and tables as JSON, for libraries that have no form of their own for them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from kplug_loggers.description import Signature, Table


def write_signature(folder: Path, signature: Signature) -> Path:
    """Write a signature to ``signature.json`` in a folder, and return the file."""
    file = Path(folder, "signature.json")
    file.write_text(json.dumps(asdict(signature), indent=2), encoding="utf-8")
    return file


def write_table(folder: Path, name: str, table: Table) -> Path:
    """Write a table to a file as a list of objects, and return the file."""
    file = Path(folder, f"{name}.json")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    file.write_text(json.dumps(rows, indent=2), encoding="utf-8")
    return file
