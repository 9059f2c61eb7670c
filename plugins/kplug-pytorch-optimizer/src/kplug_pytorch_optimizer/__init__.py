"""pytorch-optimizer's optimizers, schedules and losses, by name, in kplug."""
