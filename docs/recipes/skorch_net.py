"""skorch's net with a criterion and an optimizer by name."""

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import LRScheduler

import kplug


def make_optimizer(params, lr, **arguments):
    """Make the optimizer from ``lr`` and every ``optimizer__…`` of the net."""
    return kplug.optimizers.get(kplug.names.optimizer.adamw(lr=lr, **arguments), params)


def make_scheduler(optimizer, **_):
    return kplug.schedules.get("cosine_decay(0.02, 100)", optimizer)


torch.manual_seed(0)
inputs = torch.randn(256, 8)
labels = inputs[:, :3].argmax(1)
net = NeuralNetClassifier(
    torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 3)),
    criterion=kplug.losses.get(
        "torch_convention(sparse_categorical_crossentropy(from_logits=True))"
    ),
    optimizer=make_optimizer,
    optimizer__weight_decay=0.01,
    optimizer__param_groups=[("*.bias", {"weight_decay": 0.0})],
    lr=0.02,
    max_epochs=20,
    batch_size=32,
    callbacks=[LRScheduler(make_scheduler, step_every="batch")],
    train_split=None,
    verbose=0,
)
net.fit(inputs.numpy(), labels.numpy())
history = net.history[:, "train_loss"]
assert history[-1] < 0.5 * history[0], history
assert [group["weight_decay"] for group in net.optimizer_.param_groups] == [0.0, 0.01]
print(
    f"loss {history[0]:.2f} -> {history[-1]:.2f}, accuracy {net.score(inputs.numpy(), labels.numpy()):.2f}"
)
