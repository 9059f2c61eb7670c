"""The same, for hooks."""

from pathlib import Path

import kplug

Path(__file__).with_suffix(".imported").touch()


@kplug.hookimpl
def kplug_regularizers():
    return {"brook": "good_plugin:brook"}
