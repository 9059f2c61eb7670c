"""Arguments of Keras 1 and 2 and what they are called today."""
