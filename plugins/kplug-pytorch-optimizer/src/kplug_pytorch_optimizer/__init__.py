"""The optimizers, schedules and losses of pytorch-optimizer, by name, in kplug."""
