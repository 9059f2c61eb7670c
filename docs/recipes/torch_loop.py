"""A loop by hand with everything by name, saved and continued by torch alone."""

import torch

import kplug

torch.manual_seed(0)
inputs = torch.randn(256, 8)
targets = (inputs[:, :1] * inputs[:, 1:2] > 0).float()


def make_network() -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.LayerNorm(32), torch.nn.Tanh(), torch.nn.Linear(32, 1)
    )


NO_DECAY = {r"bias$|^1\.": {"weight_decay": 0.0}}  # biases and the normalization

network = make_network()
optimizer = kplug.optimizers.get(
    "sgd(lr=0.1, momentum=0.9, weight_decay=1e-4)", network.named_parameters(), NO_DECAY
)
scheduler = kplug.schedules.get("cosine_decay(0.1, 30)", optimizer)  # a step an epoch
criterion = kplug.losses.get("torch_convention(binary_crossentropy(from_logits=True))")
accuracy = kplug.metrics.get("torch_convention(binary_accuracy)")
rules = kplug.penalize(
    network, {"[03].weight": "l2(1e-5)"}, constraints={"3.weight": "max_norm(2.0)"}
)


def train_an_epoch() -> float:
    total = 0.0
    for start in range(0, 256, 32):
        batch = slice(start, start + 32)
        outputs = network(inputs[batch])
        loss = criterion(outputs, targets[batch]) + rules()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rules.constrain()
        accuracy.update(outputs.detach().sigmoid(), targets[batch])
        total += loss.item() / 8
    scheduler.step()
    return total


losses = [train_an_epoch() for _ in range(15)]
torch.save(
    {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
    },
    "checkpoint.pt",
)

# In the next process: the same lines, then what was saved.
network = make_network()
optimizer = kplug.optimizers.get(
    "sgd(lr=0.1, momentum=0.9, weight_decay=1e-4)", network.named_parameters(), NO_DECAY
)
scheduler = kplug.schedules.get("cosine_decay(0.1, 30)", optimizer)
rules = kplug.penalize(
    network, {"[03].weight": "l2(1e-5)"}, constraints={"3.weight": "max_norm(2.0)"}
)
saved = torch.load("checkpoint.pt", weights_only=True)
network.load_state_dict(saved["network"])
optimizer.load_state_dict(saved["optimizer"])
scheduler.load_state_dict(saved["scheduler"])

accuracy.reset()
losses += [train_an_epoch() for _ in range(15)]
assert losses[-1] < 0.5 * losses[0], losses
assert scheduler.get_last_lr()[0] < 1e-6
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}, accuracy {accuracy.compute().item():.2f}")
