"""A loop of Accelerate: it wraps what the names gave."""

import torch
from accelerate import Accelerator

import kplug

torch.manual_seed(0)
inputs = torch.randn(256, 8)
labels = inputs[:, :3].argmax(1)
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(inputs, labels), batch_size=32, shuffle=True
)
network = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 3))
optimizer = kplug.optimizers.get(
    "adamw(lr=0.02, weight_decay=0.01)",
    network.named_parameters(),
    {r"bias$": {"weight_decay": 0.0}},
)
scheduler = kplug.schedules.get("cosine_decay(0.02, 40)", optimizer)
criterion = kplug.losses.get("torch_convention(sparse_categorical_crossentropy(from_logits=True))")
accuracy = kplug.metrics.get("torch_convention(sparse_categorical_accuracy)")
rules = kplug.penalize(network, {"*.weight": "l2(1e-5)"}, constraints={"2.weight": "max_norm(3.0)"})

accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
model, optimizer, loader, scheduler = accelerator.prepare(network, optimizer, loader, scheduler)
losses = []
for _ in range(10):
    accuracy.reset()
    for batch, answers in loader:
        with accelerator.accumulate(model):
            outputs = model(batch)
            loss = criterion(outputs, answers) + rules()
            accelerator.backward(loss)
            optimizer.step()
            rules.constrain()
            scheduler.step()
            optimizer.zero_grad()
        accuracy.update(*accelerator.gather_for_metrics((outputs.detach(), answers)))
        losses.append(loss.item())
accelerator.save_state("state")
accelerator.load_state("state")
reached = accuracy.compute().item()
assert losses[-1] < 0.5 * losses[0], losses
assert scheduler.get_last_lr()[0] < 1e-6
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}, accuracy {reached:.2f}")
