"""Every table of benchmarks, one after another: ``python tests/benchmarks``; 55 minutes on two cores.

``--quick`` makes those shorter that can be; ``--only TEXT`` takes the scripts whose name contains it. Each
runs in a process of its own, and prints what it compares with and the target beside each number.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# On one thread, unless more than one is what is measured, or what the others have.
ONE_THREAD, ALL_THREADS = {**os.environ, "OMP_NUM_THREADS": "1"}, ("table", "sources", "files")
SCRIPTS = (
    *("table", "sources", "scaling", "processes", "files", "optimizers", "initializers"),
    *("remat", "registry", "registry_sites"),
)
HAS_QUICK = ("table", "sources", "scaling", "remat")


def main() -> int:
    """Run the scripts; return how many failed."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds")
    parser.add_argument("--only", default="", help="scripts whose name contains this")
    options = parser.parse_args()
    failed = 0
    for name in SCRIPTS:
        if options.only not in name:
            continue
        flags = ["--quick"] * (options.quick and name in HAS_QUICK)
        environment = dict(os.environ) if name in ALL_THREADS else ONE_THREAD
        print(f"\n{name}.py {' '.join(flags)}", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py"), *flags]
        failed += subprocess.run(command, env=environment, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
