"""Hugging Face's Trainer with a loss, an optimizer and a schedule by name."""

import torch
from transformers import Trainer, TrainingArguments

import kplug


class Classifier(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = torch.nn.Sequential(
            torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 3)
        )

    def forward(self, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.network(inputs)}


torch.manual_seed(0)
inputs = torch.randn(256, 8)
labels = inputs[:, :3].argmax(1)
dataset = [
    {"inputs": row, "labels": label} for row, label in zip(inputs, labels.tolist(), strict=True)
]
model = Classifier()
optimizer = kplug.optimizers.get(
    "adamw(lr=0.02, weight_decay=0.01)", model.named_parameters(), {r"bias$": {"weight_decay": 0.0}}
)
scheduler = kplug.schedules.get("cosine_decay(0.02, 80)", optimizer)
criterion = kplug.losses.get("torch_convention(sparse_categorical_crossentropy(from_logits=True))")
rules = kplug.penalize(model, {"*.weight": "l2(1e-5)"})


def compute_loss(outputs, labels, num_items_in_batch=None):
    return criterion(outputs["logits"], labels) + rules()


trainer = Trainer(
    model,
    TrainingArguments(
        "runs",
        num_train_epochs=10,
        per_device_train_batch_size=32,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="epoch",
        disable_tqdm=True,
        remove_unused_columns=False,
        max_grad_norm=0.0,
    ),
    train_dataset=dataset,
    optimizers=(optimizer, scheduler),
    compute_loss_func=compute_loss,
)
trainer.train()
losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
assert float(losses[-1]) < 0.5 * float(losses[0]), losses
assert scheduler.get_last_lr()[0] < 1e-6
print(f"loss {float(losses[0]):.2f} -> {float(losses[-1]):.2f}")
