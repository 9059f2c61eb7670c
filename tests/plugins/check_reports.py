"""Reports of the contract suite: for tests of kplug-registry."""

from __future__ import annotations

import json
from typing import Any


def make_report(*builds: tuple[str, str, str | None], level: str | None = "gold") -> bytes:
    """Return what `kplug check --json` prints about the loss `wave_loss` of builds: name, version, hash."""
    components: list[dict[str, Any]] = [
        {
            "kind": "loss",
            "name": "wave_loss",
            "qualified_name": f"{name}/wave_loss",
            "distribution": name,
            "version": version,
            "checks": [{"name": "made", "example": "{}", "passed": True, "message": None}],
            "left_out": {},
            "level": level,
        }
        for name, version, _ in builds
    ]
    report = {
        "schema": 1,
        "kplug": "0.1.0",
        "torch": "2.13.0",
        "date": "2026-01-31T12:00:00Z",
        "distributions": [
            {"name": name, "version": version, "hash": digest} for name, version, digest in builds
        ],
        "components": components,
        "findings": [],
    }
    return json.dumps(report).encode()
