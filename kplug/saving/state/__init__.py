"""Training state: what the next step depends on besides the weights.

kplug's own group holds it exactly: the optimizer's state and settings, and the random generators.
The optimizer's state is also written in Keras's form, if Keras has the same rule.
"""

from kplug.saving.state.exact_state import (
    TrainingState as TrainingState,
    read_state as read_state,
    restore_state as restore_state,
    write_state as write_state,
)
from kplug.saving.state.keras_optimizer import (
    read_keras_optimizer as read_keras_optimizer,
    write_optimizer as write_optimizer,
)
