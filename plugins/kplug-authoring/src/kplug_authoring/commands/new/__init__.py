"""``kplug new`` and ``kplug add``: create a plugin from a template, and extend it."""
