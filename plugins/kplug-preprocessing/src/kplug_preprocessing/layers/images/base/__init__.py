"""Base of the image layers: their axes, and random augmentation."""
