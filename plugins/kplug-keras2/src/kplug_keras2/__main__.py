"""``python -m kplug_keras2 SCRIPT.py [args]``, the same as ``kplug run``."""

import sys

from kplug.errors import KplugError
from kplug_keras2.running import command

if __name__ == "__main__":
    try:
        command(prog_name="python -m kplug_keras2")
    except KplugError as error:
        sys.exit(f"Error: {error}")
