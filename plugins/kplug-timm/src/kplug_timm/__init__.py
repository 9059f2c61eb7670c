"""timm's models, by name, in kplug."""
