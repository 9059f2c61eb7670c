"""torchvision's models, by name, in kplug."""
