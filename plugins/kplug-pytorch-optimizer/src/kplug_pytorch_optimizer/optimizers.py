"""The optimizers, each with the arguments that it actually reads.

Some need more than a list of parameters: groups, second derivatives, another optimizer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, get_args, get_origin

import pytorch_optimizer
import torch

import kplug.optimizers
from kplug.components.arguments import require_choice
from kplug.errors import ContractError
from kplug_pytorch_optimizer.adapted import UNDECLARED
from kplug_pytorch_optimizer.table import OPTIMIZERS


def _describe_as(
    target: Any, original: type, *, left_out: Collection[str] = (), wraps: bool = False
) -> None:
    """Copy the documentation of an original, and build a signature from its arguments.

    The library's classes silently ignore unknown keywords; here a misspelt argument is an error. Undeclared
    keywords that they do read become regular arguments.
    """
    given = inspect.signature(original).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        parameter
        for parameter in given
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and parameter.name not in left_out
    ]
    parameters += [
        inspect.Parameter(name, keyword, default=default)
        for name, (default, owners) in UNDECLARED.items()
        if original.__name__ in owners
    ]
    if wraps:
        params = inspect.Parameter("params", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = [params, parameters[0].replace(default="torch/adam"), *parameters[1:]]
    target.__signature__ = inspect.Signature(parameters)
    target.__doc__ = original.__doc__


def __getattr__(name: str) -> Any:
    """Return a subclass of an optimizer that refuses the arguments that the library ignores."""
    if name not in OPTIMIZERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    original = getattr(pytorch_optimizer, name)

    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        _check_words(original, inspect.signature(original).bind(*args, **kwargs).arguments)
        original.__init__(self, *args, **kwargs)

    body = {"__module__": __name__, "__init__": start}
    made = globals()[name] = type(name, (original,), body)
    _describe_as(made, original)
    return made


def _check_words(original: Any, arguments: Mapping[str, Any]) -> None:
    """Refuse a word that its argument's annotation does not list; not every class checks it."""
    parameters = inspect.signature(original).parameters
    for name, value in arguments.items():
        annotation = parameters[name].annotation
        if get_origin(annotation) is Literal:
            require_choice(original.__name__, name, value, get_args(annotation))


class MatrixGroups(torch.optim.Optimizer):
    """Mixin of optimizers that treat matrices separately, first in the MRO.

    It builds the two groups that pytorch-optimizer requires, of parameters and of each given group: those of
    two or more dimensions, and the others. Groups that say ``use_muon`` are kept.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _describe_as(cls, cls.__mro__[2])

    def __init__(self, params: Iterable[Any], *args: Any, **kwargs: Any) -> None:
        given = list(params)
        if not any(isinstance(each, dict) for each in given):
            given = [{"params": given}]
        groups = [part for group in given for part in _divide_by_rank(group)]
        super().__init__(groups, *args, **kwargs)


def _divide_by_rank(group: dict[str, Any]) -> list[dict[str, Any]]:
    if "use_muon" in group:
        return [group]
    matrices = [parameter for parameter in group["params"] if parameter.ndim > 1]
    others = [parameter for parameter in group["params"] if parameter.ndim <= 1]
    return [
        {**group, "params": members, "use_muon": members is matrices}
        for members in (matrices, others)
        if members
    ]


class AdaGO(MatrixGroups, pytorch_optimizer.AdaGO):
    """AdaGO for all parameters of a model."""


class AdaMuon(MatrixGroups, pytorch_optimizer.AdaMuon):
    """AdaMuon for all parameters of a model."""


class Muon(MatrixGroups, pytorch_optimizer.Muon):
    """Muon for all parameters of a model."""


class MuonClip(MatrixGroups, pytorch_optimizer.MuonClip):
    """MuonClip for all parameters of a model."""


class NorMuon(MatrixGroups, pytorch_optimizer.NorMuon):
    """NorMuon for all parameters of a model."""


class AdaHessian(pytorch_optimizer.AdaHessian):
    """AdaHessian, given gradients that can be differentiated."""

    needs_gradient_graph = True


class SophiaH(pytorch_optimizer.SophiaH):
    """SophiaH, given gradients that can be differentiated."""

    needs_gradient_graph = True


class FAdam(pytorch_optimizer.FAdam):
    """FAdam, with moments in the type of the weights: others make its step fail."""

    def __init__(self, params: Iterable[Any], *args: Any, **kwargs: Any) -> None:
        groups = list(params)
        first = groups[0]["params"][0] if isinstance(groups[0], dict) else groups[0]
        kwargs |= {"momentum_dtype": first.dtype, "fim_dtype": first.dtype}
        super().__init__(groups, *args, **kwargs)


_describe_as(AdaHessian, pytorch_optimizer.AdaHessian)
_describe_as(SophiaH, pytorch_optimizer.SophiaH)
_describe_as(FAdam, pytorch_optimizer.FAdam, left_out=("momentum_dtype", "fim_dtype"))


class AliG(pytorch_optimizer.AliG):
    """AliG, given the loss of each step."""

    needs_closure = True

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]  # it has to be there
        """Make a step; the library calls the closure without gradients."""
        return super().step(torch.enable_grad()(closure))


class BSAM(pytorch_optimizer.BSAM):
    """BSAM, given the loss at the weights and beside them."""

    needs_closure = True

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]  # it has to be there
        """Make a step; the library wants gradients before it begins."""
        loss = closure()
        super().step(closure)
        return loss


_describe_as(AliG, pytorch_optimizer.AliG, left_out=("projection_fn",))
_describe_as(BSAM, pytorch_optimizer.BSAM)


def _sharpening(
    original: Any, *, wants_model: bool = False
) -> Callable[..., torch.optim.Optimizer]:
    """Return a factory of an optimizer that looks at the loss beside the weights, around another one.

    Args:
        original: The library's class. But for one, it wants gradients before its step begins.
        wants_model: Whether it wants a model. It gets the parameters as one: what it does with a model's
            batch normalization concerns torch's layers alone.
    """

    class Sharpening(original):  # type: ignore[misc]
        needs_closure = True

        def step(self, closure: Callable[[], Any]) -> Any:
            """Make a step; return the first loss."""
            if wants_model:
                return super().step(closure)
            loss = closure()
            super().step(closure)
            return loss

    def sharpen(
        params: Iterable[Any], optimizer: Any = "torch/adam", **arguments: Any
    ) -> torch.optim.Optimizer:
        given = list(params)

        def make_inner(groups: list[dict[str, Any]], **_: Any) -> torch.optim.Optimizer:
            inner = kplug.optimizers.get(optimizer, given)
            for group in inner.param_groups:
                for name, value in groups[0].items():
                    if group.get(name) is None:
                        group[name] = value
            return inner

        own = [{**each} if isinstance(each, dict) else each for each in given]
        parts = [each["params"] if isinstance(each, dict) else [each] for each in own]
        model = torch.nn.ParameterList(part for each in parts for part in each)
        made = Sharpening(*[model] * wants_model, own, make_inner, **arguments)
        made.defaults = {**made.base_optimizer.defaults, **made.defaults}  # settings of groups
        return made

    left_out = ("model", "params", "base_optimizer")
    _describe_as(sharpen, original, left_out=left_out)
    keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD
    sharpen.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("params", keyword),
            inspect.Parameter("optimizer", keyword, default="torch/adam"),
            *inspect.signature(sharpen).parameters.values(),
        ]
    )
    Sharpening.__name__ = Sharpening.__qualname__ = original.__name__
    sharpen.__name__ = sharpen.__qualname__ = original.__name__
    return sharpen


FriendlySAM = _sharpening(pytorch_optimizer.FriendlySAM)
LookSAM = _sharpening(pytorch_optimizer.LookSAM)
SAM = _sharpening(pytorch_optimizer.SAM)
WSAM = _sharpening(pytorch_optimizer.WSAM, wants_model=True)


def _wrapping(original: Any) -> Callable[..., torch.optim.Optimizer]:
    """Return a factory that wraps another optimizer.

    ``optimizer`` gives the inner one: a name, a spec, an instance or a class; torch's Adam by default.
    """

    def wrap(
        params: Iterable[torch.Tensor], optimizer: Any = "torch/adam", **arguments: Any
    ) -> torch.optim.Optimizer:
        inner = kplug.optimizers.get(optimizer, params)
        if original is pytorch_optimizer.TRAC and isinstance(inner, kplug.optimizers.Optimizer):
            raise ContractError(
                f"TRAC keeps a state of its own inside the other optimizer, which {inner} does not take",
                hint="Give it one of torch's, such as optimizer='torch/adam(lr=0.001)'.",
            )
        made: torch.optim.Optimizer = original(inner, **arguments)
        if getattr(inner, "needs_gradient_graph", False):
            vars(made)["needs_gradient_graph"] = True
        if kplug.optimizers.needs_closure(inner):
            vars(made)["needs_closure"] = True
        if hasattr(made, "train"):  # a wrapper that averages weights waits to be told
            made.train()
        return made

    _describe_as(wrap, original, wraps=True)
    wrap.__name__ = wrap.__qualname__ = original.__name__
    return wrap


Lookahead = _wrapping(pytorch_optimizer.Lookahead)
Magma = _wrapping(pytorch_optimizer.Magma)
OrthoGrad = _wrapping(pytorch_optimizer.OrthoGrad)
ScheduleFreeWrapper = _wrapping(pytorch_optimizer.ScheduleFreeWrapper)
TRAC = _wrapping(pytorch_optimizer.TRAC)
