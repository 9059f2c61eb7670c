"""A LightningModule whose loss, metric, optimizer and schedule are names."""

import lightning
import torch

import kplug


class Classifier(lightning.LightningModule):
    def __init__(
        self,
        loss: str = "torch_convention(sparse_categorical_crossentropy(from_logits=True))",
        metric: str = "torch_convention(sparse_categorical_accuracy)",
        optimizer: str = "adamw(lr=0.02, weight_decay=0.01)",
        schedule: str = "cosine_decay(0.02, 60)",
    ) -> None:
        super().__init__()
        self.save_hyperparameters()  # the texts
        self.network = torch.nn.Sequential(
            torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 3)
        )
        self.criterion = kplug.losses.get(loss)
        self.accuracy = kplug.metrics.get(metric)
        self.rules = kplug.penalize(self.network, {"*.weight": "l2(1e-5)"})

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        inputs, labels = batch
        outputs = self.network(inputs)
        self.accuracy.update(outputs.detach(), labels)
        return self.criterion(outputs, labels) + self.rules()

    def on_train_epoch_end(self) -> None:
        self.log("accuracy", self.accuracy.compute())
        self.accuracy.reset()

    def configure_optimizers(self):
        hyper = self.hparams
        optimizer = kplug.optimizers.get(
            hyper.optimizer, self.network.named_parameters(), {r"bias$": {"weight_decay": 0.0}}
        )
        scheduler = kplug.schedules.get(hyper.schedule, optimizer)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},  # or "epoch"
        }


torch.manual_seed(0)
inputs = torch.randn(240, 8)
labels = inputs[:, :3].argmax(1)
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(inputs, labels), batch_size=48, shuffle=True
)
options = {
    "accelerator": "cpu",
    "logger": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}
module = Classifier()
trainer = lightning.Trainer(max_epochs=6, enable_checkpointing=False, **options)
trainer.fit(module, loader)
trainer.save_checkpoint("classifier.ckpt")
assert trainer.optimizers[0].param_groups[1]["weight_decay"] == 0.0

# Lightning reads the state of the optimizer and of the scheduler again.
module = Classifier.load_from_checkpoint("classifier.ckpt", weights_only=False)
trainer = lightning.Trainer(max_epochs=12, enable_checkpointing=False, **options)
trainer.fit(module, loader, ckpt_path="classifier.ckpt", weights_only=False)
reached = trainer.callback_metrics["accuracy"].item()
assert trainer.global_step == 60
assert trainer.optimizers[0].param_groups[0]["lr"] < 1e-6
assert reached > 0.9, reached
print(f"accuracy {reached:.2f}")
