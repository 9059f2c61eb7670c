"""Keras 3's layout of weights in HDF5: one group a layer, found by its place in the model.

::

    /layers/<class>/vars/<number>   weights of a layer; `vars` carries the layer's name
    /layers/<class>/<attribute>/…   layers inside a layer
    /vars/<number>                  weights of the model itself
    /optimizer/vars/<number>        state of the optimizer, in files of whole models
"""

from kplug.saving.keras3.matching import match_places as match_places
from kplug.saving.keras3.places import Place as Place, list_places as list_places
from kplug.saving.keras3.writing import write_places as write_places
