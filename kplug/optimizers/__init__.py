"""Optimizers with Keras's names, signatures and rules; each is a ``torch.optim.Optimizer``.

``get`` takes a name, a spec, a dict, a class or an instance; also of torch's own optimizers.
"""

__kplug_keras_module__ = "keras.optimizers"  # of the classes in here; see `kplug.keras_class`

from kplug.components.arguments import require_nonnegative as require_nonnegative
from kplug.optimizers import schedules as schedules
from kplug.optimizers.adadelta import Adadelta as Adadelta
from kplug.optimizers.adafactor import Adafactor as Adafactor
from kplug.optimizers.adagrad import Adagrad as Adagrad
from kplug.optimizers.adam import Adam as Adam
from kplug.optimizers.adamax import Adamax as Adamax
from kplug.optimizers.adamw import AdamW as AdamW
from kplug.optimizers.adapt import (
    TorchOptimizerFactory as TorchOptimizerFactory,
    as_optimizer as as_optimizer,
    build_optimizer as build_optimizer,
    needs_closure as needs_closure,
    set_gradients as set_gradients,
    take_step as take_step,
)
from kplug.optimizers.base.common_arguments import (
    CommonArguments as CommonArguments,
    takes_common as takes_common,
)
from kplug.optimizers.base.hyperparameters import (
    GroupSetting as GroupSetting,
    require_beta as require_beta,
    require_epsilon as require_epsilon,
    require_rho as require_rho,
)
from kplug.optimizers.base.optimizer import Optimizer as Optimizer
from kplug.optimizers.base.rule import RuleOptimizer as RuleOptimizer
from kplug.optimizers.ftrl import Ftrl as Ftrl
from kplug.optimizers.lamb import Lamb as Lamb
from kplug.optimizers.lion import Lion as Lion
from kplug.optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer
from kplug.optimizers.multi import MultiOptimizer as MultiOptimizer, OptimizerMap as OptimizerMap
from kplug.optimizers.muon import Muon as Muon
from kplug.optimizers.nadam import Nadam as Nadam
from kplug.optimizers.rmsprop import RMSprop as RMSprop
from kplug.optimizers.schedule_free import ScheduleFreeAdamW as ScheduleFreeAdamW
from kplug.optimizers.serialization import (
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.optimizers.sgd import SGD as SGD
from kplug.support.exports import export_names

export_names(globals())
