"""Names of modules and commands that belong to others."""

from __future__ import annotations

import re
import sys

RUN_AT_START = frozenset({"sitecustomize", "usercustomize"})
STANDARD_MODULES = frozenset(name.casefold() for name in sys.stdlib_module_names)
_OWNERS = """
_distutils_hack=setuptools _pytest=pytest absl=absl-py accelerate anyio attr=attrs attrs autograd
boto3 botocore certifi cffi click cloudpickle cryptography cv2=opencv-python cython dask
dateutil=python-dateutil datasets diffusers distutils=setuptools filelock flax fsspec
functorch=torch google=google grpc=grpcio h5py httpx huggingface_hub idna importlib_metadata
ipykernel ipython jax jaxlib jinja2 joblib jupyter keras kplug lightning lightning_fabric llvmlite
markupsafe=markupsafe matplotlib ml_dtypes monai mpmath mypy networkx nltk numba numexpr numpy
onnx onnxruntime optax optuna orjson packaging pandas pil=pillow pip pkg_resources=setuptools
platformdirs pluggy polars protobuf psutil pyarrow pydantic pydantic_core pygments
pylab=matplotlib pytest pytorch_lightning pytz ray regex requests resolvelib rich ruff safetensors
scipy securesystemslib sentencepiece setuptools six skimage=scikit-image sklearn=scikit-learn
sqlalchemy starlette statsmodels sympy tensorboard tensorflow tf_keras threadpoolctl timm
tokenizers torch torchaudio torchgen=torch torchmetrics torchtext torchvision tqdm transformers
triton tuf typer typing_extensions urllib3 uv uvicorn virtualenv wandb wheel xgboost yaml=pyyaml
zipp
"""
_COMMAND = re.compile(
    r"(pip|python|pythonw|pypy|ipython|pydoc|idle|easy_install|wheel)(-?\d+(\.\d+)*t?)?"
    r"|python(\d+(\.\d+)*)?-config|(de)?activate|[a-z]?sh|bash|fish|sudo|su|doas|env|git|make|cmake"
    r"|gcc|g\+\+|cc|c\+\+|clang|ld|cat|cd|chmod|cp|curl|docker|echo|find|grep|kill|less|ls|man|mkdir|more|mv|nano"
    r"|node|npm|npx|perl|rm|scp|sed|ssh|tar|test|top|vi|vim|wget|which|xargs"
    r"|kplug|uv|uvx|pipx|poetry|pdm|hatch|conda|mamba|micromamba|pixi|tox|nox|twine|virtualenv|pre-commit"
    r"|torchrun|jupyter|pytest|py\.test|ruff|mypy|black|cython|tensorboard|tqdm|nvidia-smi|cmd|powershell|pwsh"
)
_ENDING = re.compile(r"(-script)?\.(exe|pyw?|bat|cmd|ps1|com)$")

OWNERS = {
    module: owner or module.replace("_", "-")
    for module, _, owner in (item.partition("=") for item in _OWNERS.split())
}


def is_known_command(name: str) -> bool:
    """Whether a command of a name is that of others, with the endings that Windows adds.

    Example:
        >>> [is_known_command(name) for name in ("pip3.11", "Python.exe", "kplug", "kplug-waves")]
        [True, True, True, False]
    """
    return _COMMAND.fullmatch(_ENDING.sub("", name.casefold())) is not None
