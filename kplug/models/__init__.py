"""Models: trainable groups of layers."""

from kplug.models.cloning import clone_model as clone_model, copy_untrained as copy_untrained
from kplug.models.configuration.reading import model_from_config as model_from_config
from kplug.models.functional import Functional as Functional
from kplug.models.loading import load_model as load_model, model_from_json as model_from_json
from kplug.models.model import Model as Model
from kplug.models.sequential import Sequential as Sequential
from kplug.models.summary.printing import print_summary as print_summary
from kplug.saving import save_model as save_model
from kplug.support.exports import export_names

export_names(globals(), takes_lent=True)
