"""MONAI's losses and metrics, by name, for channels-last data."""
