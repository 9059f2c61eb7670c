"""One s too many."""

import kplug


@kplug.hookimpl
def kplug_regularizerss():
    return {"never": "bad_misspelt_hook:spelling"}
