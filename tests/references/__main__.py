"""Compares components with their references, and writes a sentence about each as JSON.

python -m tests.references FILE KIND …
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

from tests.references.judging import judge
from tests.references.table import list_references


def main(file: str, *kinds: str) -> int:
    """Compare all references of some kinds, and return the exit status: 1 if a difference has no reason."""
    warnings.simplefilter("ignore")  # the libraries warn of their own arguments
    found = {one.key: judge(one) for one in list_references() if one.kind in kinds}
    Path(file).write_text(json.dumps({key: one.sentence for key, one in found.items()}))
    faults = {key: dict(one.faults) for key, one in found.items() if one.faults}
    if faults:
        print(json.dumps(faults, indent=2), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
