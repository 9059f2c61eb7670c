"""``keras.preprocessing`` of Keras 2: its modules, filled from kplug's ``preprocessing``."""

__all__: list[str] = []
