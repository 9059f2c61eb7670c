"""Training state: what the next step depends on besides the weights.

Our own group holds it to the last bit: the optimizer's state and settings and the random generators.
Beside it the optimizer's state is written as Keras keeps it, where its rule is the same.
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
