"""``keras.preprocessing`` of Keras 2: its modules; the functions are those of kplug's ``preprocessing``."""

__all__: list[str] = []
