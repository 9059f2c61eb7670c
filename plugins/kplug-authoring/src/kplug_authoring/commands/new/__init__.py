"""``kplug new`` and ``kplug add``: a plugin's distribution from a template, and one component more."""
