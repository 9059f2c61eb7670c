"""``keras.preprocessing.sequence``: pads sequences."""

from kplug.utils import pad_sequences as pad_sequences

__all__ = ["pad_sequences"]
