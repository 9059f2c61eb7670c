"""The layer graph: symbolic tensors, and nodes that record calls of layers.

Calling a layer on a symbolic tensor computes nothing: it adds a node. Shapes are inferred on demand, so a
layer may be connected before its components are resolved.
"""

from kplug.graph.copying import copy_connected as copy_connected
from kplug.graph.functions import GraphFunction as GraphFunction
from kplug.graph.masks import MaskStep as MaskStep
from kplug.graph.modes import (
    in_mode as in_mode,
    leave_training as leave_training,
    list_modules as list_modules,
)
from kplug.graph.nodes import (
    KerasHistory as KerasHistory,
    Node as Node,
    Operation as Operation,
    SymbolicTensor as SymbolicTensor,
    is_symbolic as is_symbolic,
    sort_nodes as sort_nodes,
)
from kplug.graph.plan import (
    Plan as Plan,
    find_path as find_path,
    list_outputs as list_outputs,
)
from kplug.graph.specs import Shape as Shape, TensorSpec as TensorSpec
from kplug.graph.structures import Layout as Layout

KerasTensor = SymbolicTensor
