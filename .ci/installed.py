"""Installs what ``.ci/distributions.py`` has built into fresh environments, and runs a program in each.

kplug and ``kplug[all]``, or the requirements that are given, or with ``--all`` every extra that users need.
Our distributions come from ``build/dist`` alone, torch in the version that is tested here, all others from
where pip finds them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from packaging.utils import parse_wheel_filename

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "build" / "dist"
FOR_DEVELOPERS = {
    "kplug": {"bench", "dev", "docs", "recipes", "test"},
    "kplug-torchmetrics": {"test"},
}
ENVIRONMENT = {**os.environ, "WANDB_SILENT": "true", "DVCLIVE_LOGLEVEL": "ERROR"}
if "PIP_FIND_LINKS" in os.environ:
    ENVIRONMENT.setdefault("UV_FIND_LINKS", os.environ["PIP_FIND_LINKS"].replace(" ", ","))

MODEL = """
import numpy as np, kplug
x = np.ones((4, 2), "float32")
model = kplug.Sequential([kplug.layers.Dense(1, input_shape=(2,))])
model.compile("adam", "mse")
"""
FIT = "model.fit(x, x[:, :1], verbose=0, callbacks=[{!r}])\n"
COMMAND = "import sys; from kplug.cli import main; sys.argv[1:] = {!r}.split(); main()"
SERVER = """
import functools, threading
from http.server import HTTPServer, SimpleHTTPRequestHandler
server = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
open("here.txt", "w").write("text")
address = f"http://127.0.0.1:{server.server_port}/here.txt"
"""
PROGRAMS = {
    "kplug": MODEL
    + FIT.format("csv_logger('log.csv')")
    + "model.save('m.keras'); kplug.load_model('m.keras')",
    "kplug[all]": "import kplug\n"
    "from kplug import applications, datasets, preprocessing, wrappers\n"
    "kplug.models.get('MobileNet(weights=None)'); kplug.resolve('loss', 'dice_loss(smooth=1, thresh=None)')",
    "kplug[authoring]": COMMAND.format("new kplug-acme --loss acme"),
    "kplug[download]": SERVER
    + "import kplug; assert open(kplug.utils.get_file('a.txt', address, cache_dir='.')).read() == 'text'",
    "kplug[export]": MODEL + "model.export('m.onnx')",
    "kplug[images]": "import numpy as np, kplug\n"
    "kplug.utils.save_img('a.png', np.zeros((2, 2, 3))); kplug.utils.load_img('a.png')",
    "kplug[plot]": MODEL + "kplug.utils.plot_model(model, 'm.png')",
    "kplug[safetensors]": MODEL + "model.save_weights('w.safetensors')",
    "kplug[tensorboard]": MODEL + FIT.format("tensorboard('logs')"),
    "kplug-authoring[numbers]": COMMAND.format("numbers show kplug/huber --kind loss"),
    "kplug-authoring[strategies]": "import kplug_authoring.strategies",
    "kplug-keras2[images]": "import numpy as np, kplug_keras2.keras.preprocessing.image as image\n"
    "image.array_to_img(np.zeros((2, 2, 3))); image.random_rotation(np.zeros((4, 4, 3)), 20, 0, 1, 2)",
    "kplug-keras2[scikit-learn]": "from kplug_keras2.keras.wrappers.scikit_learn import KerasClassifier",
    **{
        f"kplug-loggers[{name}]": MODEL + FIT.format(text)
        for name, text in {
            "aim": "aim",
            "clearml": "clearml(offline=True)",
            "comet_ml": "comet_ml(online=False)",
            "dvclive": "dvclive",
            "mlflow": "mlflow(tracking_uri='sqlite:///mlflow.db')",
            "trackio": "trackio",
            "wandb": "wandb(mode='offline')",
        }.items()
    },
    "kplug-registry[attestations]": "import kplug_registry.publishing.attestation_check, pypi_attestations",
    "kplug-registry[serve]": COMMAND.format("serve --help"),
    "kplug-registry[storage]": "import fsspec; fsspec.get_filesystem_class('s3')",
    "kplug-torchvision[safetensors]": "import kplug\n"
    "from safetensors.torch import save_file\n"
    "from torchvision.models import squeezenet1_1\n"
    "save_file(squeezenet1_1().state_dict(), 'w.safetensors')\n"
    "kplug.models.get(\"kplug-torchvision/squeezenet1_1(weights='w.safetensors')\")",
}


def main(asked: list[str]) -> int:
    """Install and run each, and return the exit status."""
    if asked == ["--all"]:
        asked = [*PROGRAMS, *(name for name in list_wheels() if name not in PROGRAMS)]
        if missing := list_extras() - set(PROGRAMS):
            raise SystemExit(f"PROGRAMS in {__file__} lacks {', '.join(sorted(missing))}")
    failed = [one for one in asked or ["kplug", "kplug[all]"] if not works(one)]
    print(f"failed: {', '.join(failed)}" if failed else "All that was installed works.")
    return 1 if failed else 0


def list_wheels() -> dict[str, Path]:
    """Return the wheels that were built, by distribution."""
    return {parse_wheel_filename(one.name)[0]: one for one in sorted(BUILT.glob("*.whl"))}


def list_extras() -> set[str]:
    """Return the extras of all distributions here but those for developers."""
    found = set()
    for path in (ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        extras = set(project.get("optional-dependencies", {}))
        extras -= FOR_DEVELOPERS.get(project["name"], set())
        found |= {f"{project['name']}[{extra}]" for extra in extras}
    return found


def works(requirement: str) -> bool:
    """Install a requirement into a fresh environment, run its program, and say what failed."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        fixed = here / "constraints.txt"
        lines = [f"{name} @ {path.as_uri()}" for name, path in list_wheels().items()]
        fixed.write_text("\n".join([*lines, f"torch=={version('torch')}"]))
        python = str(here / ("Scripts" if sys.platform == "win32" else "bin") / "python")
        program = PROGRAMS.get(requirement, COMMAND.format("list"))
        uv = (sys.executable, "-m", "uv", "--quiet")
        for command in (
            (*uv, "venv", "--python", sys.executable, "--allow-existing", folder),
            (*uv, "pip", "install", "--python", python, "--constraint", str(fixed), requirement),
            (*uv, "pip", "check", "--python", python),
            (python, "-c", program),
        ):
            done = subprocess.run(
                command,
                cwd=folder,
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                print(
                    f"{requirement}: {' '.join(command[:6])} …\n{done.stdout}{done.stderr}",
                    flush=True,
                )
                return False
    print(f"{requirement} works", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
