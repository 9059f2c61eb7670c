"""Exports models for inference without kplug: to ONNX files, and to programs of ``torch.export``."""

from kplug.saving.exporting.export import export_model as export_model
