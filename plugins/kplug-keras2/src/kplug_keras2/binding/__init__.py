"""What ``import keras`` and ``import tensorflow`` find: modules that are made of kplug's."""
