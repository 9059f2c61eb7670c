"""Scripts that were written for Keras 1 and 2, on kplug: ``import keras`` means kplug after ``install()``."""

from kplug_keras2.binding.installing import install as install, uninstall as uninstall

__all__ = ["install", "uninstall"]
