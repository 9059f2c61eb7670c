"""The command ``kplug numbers``."""
