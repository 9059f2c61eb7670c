"""From what a person passes to ``fit`` to batches on the model's device."""
