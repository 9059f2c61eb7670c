"""``keras.legacy``."""

__all__: list[str] = []
