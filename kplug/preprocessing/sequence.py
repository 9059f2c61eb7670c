"""``keras.preprocessing.sequence``: pads sequences."""

from kplug.exports import export_names
from kplug.utils.sequences import pad_sequences as pad_sequences

export_names(globals())
