"""``keras.wrappers``."""

__all__: list[str] = []
