"""MLflow with a training that is interrupted and goes on: one run, with every epoch."""

import mlflow
import numpy as np

import kplug

x = np.random.default_rng(0).normal(size=(256, 8)).astype("float32")
y = x[:, :3].argmax(1)
mlflow.set_tracking_uri("sqlite:///mlflow.db")


class PowerCut(kplug.callbacks.Callback):
    """Ends the training after five epochs."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 5:
            raise KeyboardInterrupt


def train(*more):
    """Train, and go on where an interrupted training has ended."""
    kplug.utils.set_random_seed(0)
    model = kplug.Sequential(
        [kplug.layers.Dense(32, "tanh", input_dim=8), kplug.layers.Dense(3, "softmax")]
    )
    model.compile("lion(lr=0.005)", "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = ["mlflow(experiment='three')", "backup_and_restore('backup')", *more]
    return model.fit(x, y, epochs=10, callbacks=callbacks, verbose=0)


try:
    train(PowerCut())
except KeyboardInterrupt:
    print("interrupted")
history = train()
(run,) = mlflow.search_runs(experiment_names=["three"], output_format="list")
losses = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
assert [one.step for one in losses] == list(range(10)), losses
assert [one.value for one in losses[5:]] == history.history["loss"]
print(f"{run.info.status}: {len(losses)} epochs, accuracy {run.data.metrics['accuracy']:.2f}")
