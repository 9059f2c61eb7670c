"""What layers of images have in common: their axes, and random changes."""
