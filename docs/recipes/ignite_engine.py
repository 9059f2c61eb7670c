"""Ignite's engines with a loss, an optimizer and a schedule by name."""

import torch
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import LRScheduler
from ignite.metrics import Accuracy, Loss

import kplug

torch.manual_seed(0)
inputs = torch.randn(256, 8)
labels = inputs[:, :3].argmax(1)
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(inputs, labels), batch_size=32, shuffle=True
)
network = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 3))
optimizer = kplug.optimizers.get("lion(lr=0.005)", network.parameters())
criterion = kplug.losses.get("torch_convention(sparse_categorical_crossentropy(from_logits=True))")
rules = kplug.penalize(network, {"*.weight": "l2(1e-5)"}, constraints={"2.weight": "max_norm(3.0)"})
optimizer.register_step_post_hook(rules.constrain)

trainer = create_supervised_trainer(
    network, optimizer, lambda outputs, answers: criterion(outputs, answers) + rules()
)
evaluator = create_supervised_evaluator(
    network, metrics={"loss": Loss(criterion), "accuracy": Accuracy()}
)
scheduler = kplug.schedules.get("cosine_decay(0.005, 80)", optimizer)
trainer.add_event_handler(Events.ITERATION_COMPLETED, LRScheduler(scheduler))
before = evaluator.run(loader).metrics["loss"]
trainer.run(loader, max_epochs=10)
after = evaluator.run(loader).metrics
assert after["loss"] < 0.5 * before, (before, after)
print(f"loss {before:.2f} -> {after['loss']:.2f}, accuracy {after['accuracy']:.2f}")
