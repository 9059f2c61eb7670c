"""Models in files: weights, whole models, training state, and the table of what made the model."""

from kplug.saving.package_check import Verify as Verify
from kplug.saving.state.state_files import load_state as load_state, save_state as save_state
from kplug.saving.weights.weight_files import (
    load_weights as load_weights,
    save_weights as save_weights,
)
from kplug.saving.whole import save_model as save_model
from kplug.saving.whole.writing import to_json as to_json
