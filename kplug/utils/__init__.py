"""Small helpers around training: seeds, class labels, normalization, pictures of models."""

from kplug.exports import export_names
from kplug.models.diagram.plotting import plot_model as plot_model
from kplug.models.summary.printing import print_summary as print_summary
from kplug.utils.numerical import normalize as normalize, to_categorical as to_categorical
from kplug.utils.seeds import set_random_seed as set_random_seed

export_names(globals())
