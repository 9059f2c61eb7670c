"""Whole models in one file: configuration, weights, training state and component table."""

from kplug.saving.whole.opening import StoredModel as StoredModel, opened_model as opened_model
from kplug.saving.whole.writing import save_model as save_model
