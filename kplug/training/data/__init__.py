"""The data pipeline: from the arguments of ``fit`` to batches on the model's device."""
