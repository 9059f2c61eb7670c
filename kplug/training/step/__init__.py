"""The training step: one function of a batch."""
