"""Models of segmentation-models-pytorch, by name, in kplug."""
