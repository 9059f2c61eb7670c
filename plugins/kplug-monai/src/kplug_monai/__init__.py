"""MONAI's losses and metrics, by name, in kplug, for data with the channels last."""
