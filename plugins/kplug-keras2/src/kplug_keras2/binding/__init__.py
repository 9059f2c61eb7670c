"""The modules behind ``import keras`` and ``import tensorflow``, built from kplug's."""
