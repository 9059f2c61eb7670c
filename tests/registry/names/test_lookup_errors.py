"""Why a reference leads nowhere: six answers that differ."""

from __future__ import annotations

import pickle
import re
import sys
from typing import TYPE_CHECKING

import pytest

import kplug
from kplug.builtins.torch import LEFT_OUT
from kplug.errors import (
    DisabledComponentError,
    KplugError,
    NotInstalledError,
    PluginLoadError,
    PolicyError,
    ResolutionError,
    SpecError,
    UnknownComponentError,
    UnknownKindError,
    WrongKindError,
)
from kplug.registry import REGISTRY, get_kind, resolve
from kplug.registry.loading.importer import TargetError
from kplug.registry.lookup_keys import keys_of, lookup_key

if TYPE_CHECKING:
    from tests.registry.conftest import Sandbox


def _fail(kind: str, ref: str, error: type[ResolutionError]) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        resolve(kind, ref)
    assert type(caught.value) is error
    return caught.value


@pytest.fixture
def puddles(install: Sandbox) -> Sandbox:
    install(
        "puddle-penalties",
        "2.1",
        entry_points={"kplug.regularizers": {"puddle": "puddles:puddle", "pond": "puddles:pond"}},
        modules={"puddles.py": "def puddle(weight_matrix): ...\n"},
    )
    return install


KNOWN = "Known: l1, l1_l2, l2, orthogonal_regularizer"


def test_unknown_name_with_a_suggestion() -> None:
    error = _fail("regularizer", "l1_l22", UnknownComponentError)
    assert str(error) == (
        "no regularizer is named 'l1_l22'\n"
        f"  Did you mean 'l1_l2'? {KNOWN} (`kplug list regularizers` shows all)"
    )
    assert (error.kind, error.ref) == ("regularizer", "l1_l22")
    assert error.candidates == ("l1", "l1_l2", "l2", "orthogonal_regularizer")


def test_unknown_name_like_no_other() -> None:
    assert str(_fail("regularizer", "zzz", UnknownComponentError)) == (
        f"no regularizer is named 'zzz'\n  {KNOWN} (`kplug list regularizers` shows all)"
    )


@pytest.mark.parametrize(
    ("kind", "ref", "suggestion"),
    [
        ("optimizer", "admw", "Did you mean 'adamw'?"),
        ("optimizer", "Addam", "Did you mean 'adam'?"),
        ("loss", "binary_cross_entropi", "Did you mean 'binary_crossentropy'?"),
        ("initializer", "he-norml", "Did you mean 'he_normal'?"),
        ("activation", "rellu", "Did you mean 'relu'?"),
    ],
)
def test_suggestions(kind: str, ref: str, suggestion: str) -> None:
    assert suggestion in str(_fail(kind, ref, UnknownComponentError))


def test_suggestion_from_a_plugin_names_it(puddles: Sandbox) -> None:
    error = _fail("regularizer", "pudle", UnknownComponentError)
    assert "Did you mean 'puddle'? It is offered by puddle-penalties 2.1. " in str(error)


def test_a_suggestion_that_means_the_built_in_names_no_plugin(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug.losses": {"huber": "my_losses:huber"}})
    text = str(_fail("loss", "hubre", UnknownComponentError))
    assert "\n  Did you mean 'huber'? Most like it: " in text


def test_name_from_the_users_own_code_is_suggested() -> None:
    with kplug.scope(regularizers={"my_very_own": lambda weight_matrix: 0}):
        assert "Did you mean 'my_very_own'" in str(
            _fail("regularizer", "my_very_onw", UnknownComponentError)
        )


@pytest.mark.parametrize(
    ("kind", "ref", "text"),
    [
        (
            "loss",
            "adam",
            "'adam' is an optimizer, not a loss\n  `kplug list losses` shows what fits here.",
        ),
        (
            "optimizer",
            "kplug/he_normal",
            "'kplug/he_normal' is an initializer, not an optimizer\n"
            "  `kplug list optimizers` shows what fits here.",
        ),
    ],
)
def test_wrong_kind(kind: str, ref: str, text: str) -> None:
    assert str(_fail(kind, ref, WrongKindError)) == text


def test_wrong_kind_of_the_users_own_code() -> None:
    kplug.register("regularizer", "my_own", lambda weight_matrix: 0)
    error = _fail("loss", "my_own", WrongKindError)
    assert str(error).startswith("'my_own' is a regularizer, not a loss")
    assert error.candidates == ("custom/my_own",)


OWN_CODE = (
    "No plugin here knows that package. If you trust it, install it. If your own code defines the "
    "{kind}, offer it: custom_objects={{'{name}': …}} where it is loaded, or with "
    "kplug.scope({kind}es={{'{name}': …}}):"
)


@pytest.mark.parametrize(
    ("ref", "package"),
    [
        ("some_plugin/dice", "some-plugin"),
        ("builtins/eval", "builtins"),
        ("evil-package/L9", "evil-package"),
    ],
)
def test_package_that_only_a_text_names_is_not_recommended(ref: str, package: str) -> None:
    assert str(_fail("loss", ref, NotInstalledError)) == (
        f"the loss {ref!r} is said to belong to {package!r}, which is not installed\n  "
        + OWN_CODE.format(kind="loss", name=ref.partition("/")[2])
    )


@pytest.mark.parametrize("ref", ["my_mod>L2", "evil-package>L9"])
def test_name_that_somebodys_code_registered_in_keras(ref: str) -> None:
    name = ref.partition(">")[2]
    identifier = {"class_name": "L2", "config": {}, "registered_name": ref}
    with pytest.raises(UnknownComponentError) as caught:
        resolve("regularizer", identifier)
    assert str(caught.value) == (
        f"{ref!r} was a regularizer defined in code, and this code does not offer it\n"
        f"  Offer it: custom_objects={{{name!r}: …}} where it is loaded, or "
        f"with kplug.scope(regularizers={{{name!r}: …}}):"
    )


def test_misspelt_package_is_suggested(puddles: Sandbox) -> None:
    error = _fail("regularizer", "puddle-penaltys/puddle", NotInstalledError)
    assert "\n  Did you mean 'puddle-penalties/puddle'? No plugin here knows that package." in str(
        error
    )


def test_installed_package_without_components(install: Sandbox) -> None:
    install("plain-package")
    assert str(_fail("loss", "plain-package/dice", UnknownComponentError)) == (
        "'plain-package' is installed, and offers no components\n"
        "  `kplug list losses` shows what is there. If your own code defines it, offer it: "
        "custom_objects={'dice': …} where it is loaded, or with kplug.scope(losses={'dice': …}):"
    )


def test_package_that_offers_something_else(puddles: Sandbox) -> None:
    assert str(_fail("regularizer", "puddle-penalties/pudle", UnknownComponentError)) == (
        "puddle-penalties 2.1 offers no regularizer 'pudle'\n"
        "  Did you mean 'puddle'? It is offered by puddle-penalties 2.1. Known: pond, puddle "
        "(`kplug list regularizers` shows all)"
    )


@pytest.mark.parametrize("ref", ["puddle", "puddle-penalties/puddle"])
def test_disabled(puddles: Sandbox, monkeypatch: pytest.MonkeyPatch, ref: str) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "puddle-penalties")
    kplug.reload()
    error = _fail("regularizer", ref, DisabledComponentError)
    assert str(error) == (
        "the regularizer 'puddle' belongs to puddle-penalties 2.1, which is switched off: "
        "KPLUG_DISABLE names it\n  Change that setting to use it."
    )
    assert error.candidates == ("puddle-penalties/puddle",)
    assert puddles.imported() == set()


def test_the_first_of_several_disabled_packages_is_named(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_PLUGINS", "")
    for name in ("b-plugin", "a-plugin", "c-plugin"):
        install(name, entry_points={"kplug.losses": {"my_dice": "m:dice"}})
    error = _fail("loss", "MyDice", DisabledComponentError)
    assert error.candidates == ("a-plugin/MyDice",)


HOOKS = {"kplug": {"plugin": "my_hooks"}}


@pytest.mark.parametrize("ref", ["lake", "l22"])
def test_a_plugin_that_is_switched_off_and_whose_names_are_unknown(
    puddles: Sandbox, monkeypatch: pytest.MonkeyPatch, ref: str
) -> None:
    puddles("my-plugin", entry_points=HOOKS)
    monkeypatch.setenv("KPLUG_DISABLE", "my-plugin,puddle-penalties")
    kplug.reload()
    lines = str(_fail("regularizer", ref, UnknownComponentError)).splitlines()
    assert lines[2:] == [
        "  my-plugin 1.0 may offer it, but is switched off: KPLUG_DISABLE names it"
    ]


def test_a_miss_says_that_a_preferred_plugin_is_switched_off(
    puddles: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "puddle-penalties")
    monkeypatch.setenv("KPLUG_PREFER", "puddle-penalties")
    kplug.reload()
    assert str(_fail("regularizer", "lake", UnknownComponentError)).splitlines()[2:] == [
        "  Not read: puddle-penalties 2.1: it is preferred, but it is switched off: "
        "KPLUG_DISABLE names it"
    ]


IN_ERROR = (
    "and no plugin may load: the environment variable KPLUG_BLOCK is no setting of kplug\n"
    "  {}Did you mean 'KPLUG_DISABLE'? Variables are KPLUG_PLUGINS, KPLUG_DISABLE, "
    "KPLUG_LOAD_ARCHIVED, KPLUG_AUTOLOAD, KPLUG_STRICT, KPLUG_PREFER, KPLUG_RECALLS, KPLUG_MIN_AGE, "
    "KPLUG_OTHER_VARIABLES, KPLUG_POLICY, KPLUG_TRACEBACK, KPLUG_ALLOCATOR, KPLUG_LOCK. "
    "Another program's is named by the setting other-variables. "
    "`kplug env` shows all settings."
)


@pytest.mark.parametrize(
    ("ref", "question"),
    [
        ("puddle", ""),
        ("puddle-penalties/puddle", ""),
        ("puddle-penalties/zzz", ""),
        ("lake", ""),
        ("l1_l22", "Did you mean 'l1_l2'? "),
    ],
)
def test_settings_that_are_in_error(
    puddles: Sandbox, monkeypatch: pytest.MonkeyPatch, ref: str, question: str
) -> None:
    puddles("my-plugin", entry_points=HOOKS)
    monkeypatch.setenv("KPLUG_BLOCK", "puddle-penalties")
    kplug.reload()
    with pytest.raises(PolicyError) as caught:
        resolve("regularizer", ref)
    expected = f"the regularizer {ref!r} is not built in, {IN_ERROR.format(question)}"
    assert str(caught.value) == expected
    assert puddles.imported() == set()


@pytest.mark.parametrize(
    ("kind", "ref", "error"),
    [
        ("loss", "l2", WrongKindError),
        ("loss", "custom/mine", UnknownComponentError),
        ("loss", "kplug/zzz", UnknownComponentError),
        ("loss", "nobody/mine", NotInstalledError),
    ],
)
def test_settings_that_are_in_error_do_not_matter_where_no_plugin_is_asked(
    puddles: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    ref: str,
    error: type[ResolutionError],
) -> None:
    monkeypatch.setenv("KPLUG_BLOCK", "puddle-penalties")
    kplug.reload()
    assert "KPLUG_BLOCK" not in str(_fail(kind, ref, error))


def test_custom_name_that_this_code_does_not_offer() -> None:
    assert str(_fail("loss", "custom/mine", UnknownComponentError)) == (
        "'custom/mine' was a loss defined in code, and this code does not offer it\n"
        "  Offer it: custom_objects={'mine': …} where it is loaded, or "
        "with kplug.scope(losses={'mine': …}):"
    )


def test_broken_plugins_are_named_with_an_unknown_name(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug": {"plugin": "no_such_module"}})
    assert str(_fail("regularizer", "puddle", UnknownComponentError)).endswith(
        "\n  Not read: my-plugin 1.0: its module of hooks cannot be imported: "
        "TargetError: 'no_such_module' is a module neither of my-plugin nor of a package that it requires"
    )


def test_qualified_name_of_a_plugin_that_could_not_be_read(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug": {"plugin": "no_such_module"}})
    error = _fail("regularizer", "my-plugin/puddle", PluginLoadError)
    assert str(error) == (
        "my-plugin 1.0 may offer the regularizer 'puddle', but its module of hooks cannot be imported: "
        "TargetError: 'no_such_module' is a module neither of my-plugin nor of a package that it requires\n"
        "  Mend or upgrade my-plugin."
    )
    assert isinstance(error.__cause__, TargetError)


CONFLICT = (
    "the loss 'dice_loss' is offered twice, as two:dice_loss and as one:dice_loss; the name is used for "
    "neither. Give one of them another name"
)


@pytest.mark.parametrize(
    ("ref", "error", "text"),
    [
        (
            "my-plugin/dice_loss",
            PluginLoadError,
            f"my-plugin 1.0 may offer the loss 'dice_loss', but {CONFLICT}\n  Mend or upgrade my-plugin.",
        ),
        (
            "DiceLoss",
            UnknownComponentError,
            f"no loss is named 'DiceLoss'\n  Not read: my-plugin 1.0: {CONFLICT}",
        ),
    ],
)
def test_installed_name_in_a_conflict(
    install: Sandbox, ref: str, error: type[ResolutionError], text: str
) -> None:
    install(
        "my-plugin",
        entry_points="[kplug.losses]\ndice_loss = one:dice_loss\nDiceLoss = two:dice_loss\n",
    )
    assert str(_fail("loss", ref, error)) == text


CLIENT = """
import kplug

ASKED = []

@kplug.hookimpl
def kplug_offers(kind, name, distribution):
    ASKED.append((kind, name, distribution))
    try:
        kplug.resolve("loss", "no_such_loss_either")
    except kplug.KplugError as error:
        str(error)
    if name == "pond":
        return [
            kplug.Package("Pond_Losses", "2.1", "pip install --index-url https://p.example pond-losses"),
            kplug.Package("other-losses"),
        ]
"""
POND = "pond-losses 2.1 offers it: pip install --index-url https://p.example pond-losses"


@pytest.fixture
def asked(install: Sandbox) -> list[tuple[str, str, str | None]]:
    """A registry client is installed; what it was asked is noted."""
    install("my-client", entry_points={"kplug": {"p": "client"}}, modules={"client.py": CLIENT})
    REGISTRY.problems()  # now its module is imported
    found: list[tuple[str, str, str | None]] = sys.modules["client"].ASKED
    return found


def test_a_plugin_says_which_packages_offer_an_unknown_name(
    asked: list[tuple[str, str, str | None]],
) -> None:
    lines = str(_fail("loss", "pond(smooth=1)", UnknownComponentError)).splitlines()
    assert lines[:3] == [
        "no loss is named 'pond'",
        f"  {POND}",
        "  other-losses offers it: pip install other-losses",
    ]
    assert lines[3].startswith("  Most like it: ")
    assert asked == [("loss", "pond", None)]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("ref", "hint"),
    [
        ("pond_losses/pond", POND),
        ("evil-package/dice", OWN_CODE.format(kind="loss", name="dice")),
        ("pond-losses/zzz", OWN_CODE.format(kind="loss", name="zzz")),
    ],
)
def test_only_what_a_plugin_answers_for_that_package_is_to_be_installed(
    ref: str, hint: str
) -> None:
    distribution = ref.partition("/")[0].replace("_", "-")
    assert str(_fail("loss", ref, NotInstalledError)) == (
        f"the loss {ref!r} is said to belong to {distribution!r}, which is not installed\n  {hint}"
    )


def test_an_installed_package_is_offered_in_a_version_that_has_the_name(
    asked: list[tuple[str, str, str | None]], install: Sandbox
) -> None:
    install("pond-losses", entry_points={"kplug.losses": {"other": "pond:other"}})
    text = str(_fail("loss", "pond-losses/pond", UnknownComponentError))
    assert text.startswith(f"pond-losses 1.0 offers no loss 'pond'\n  {POND}\n")


@pytest.mark.parametrize("ref", ["zzz", "pond-losses/zzz", "my-client/zzz"])
def test_no_plugin_is_asked_until_the_text_is_read(
    asked: list[tuple[str, str, str | None]], ref: str
) -> None:
    with pytest.raises(ResolutionError) as caught:
        resolve("loss", ref)
    assert asked == []
    for _ in range(2):
        str(caught.value)
    assert asked == [("loss", "zzz", ref.rpartition("/")[0] or None)]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("1 / 0", "kplug_offers raised ZeroDivisionError: division by zero"),
        ("exit(3)", "kplug_offers raised SystemExit: 3"),
        (
            "'pip install x'",
            "kplug_offers: 'pip install x' was returned. It must return a list of kplug.Package.",
        ),
        (
            "[('x', '1.0')]",
            "kplug_offers: [('x', '1.0')] was returned. It must return a list of kplug.Package.",
        ),
        (
            "[kplug.Package('x; rm -rf ~')]",
            "kplug_offers: 'x; rm -rf ~' cannot be the name of a distribution. "
            "Such names have letters, digits and, in between, '.', '_' and '-'.",
        ),
    ],
)
def test_an_answer_that_is_none_is_a_problem(install: Sandbox, answer: str, problem: str) -> None:
    source = f"import kplug\n@kplug.hookimpl\ndef kplug_offers(kind):\n    return {answer}\n"
    install("my-client", entry_points={"kplug": {"p": "client"}}, modules={"client.py": source})
    assert install.problems("my-client") == []
    text = str(_fail("regularizer", "puddle", UnknownComponentError))
    assert text.endswith(f"\n  Not read: my-client 1.0: {problem}")
    assert install.problems("my-client") == [problem]


TWO_BAD_HOOKS = """
import kplug

@kplug.hookimpl
def kplug_losses():
    raise ValueError("of losses")

@kplug.hookimpl
def kplug_regularizers():
    raise ValueError("of regularizers")
"""


@pytest.mark.parametrize("kind", ["loss", "regularizer"])
def test_problem_of_the_kind_that_was_asked_for(install: Sandbox, kind: str) -> None:
    install(
        "my-plugin", entry_points={"kplug": {"p": "hooks"}}, modules={"hooks.py": TWO_BAD_HOOKS}
    )
    error = _fail(kind, "my-plugin/x", PluginLoadError)
    plural = get_kind(kind).plural
    assert f"but kplug_{plural} raised ValueError: of {plural}\n" in str(error)
    other = "regularizers" if kind == "loss" else "losses"
    assert f"of {other}" not in str(_fail(kind, "pluddle", UnknownComponentError))


def test_qualified_name_in_a_group_that_is_not_read(install: Sandbox) -> None:
    install(
        "my-plugin",
        entry_points={
            "kplug_regularizers": {"pond": "ponds:pond"},
            "kplug.regularizers": {"lake": "ponds:lake"},
        },
    )
    assert str(_fail("regularizer", "my-plugin/pond", UnknownComponentError)).endswith(
        "\n  Not read: my-plugin 1.0: its entry points in the group 'kplug_regularizers' are not read, as "
        "there is no such group. Did you mean 'kplug.regularizers'?"
    )


@pytest.mark.parametrize(
    ("ref", "first"),
    [("sdg", "sgd"), ("adma", "adam"), ("rmsporp", "rmsprop"), ("adamaxx", "adamax")],
)
def test_known_names_are_those_most_like_it(ref: str, first: str) -> None:
    text = str(_fail("optimizer", ref, UnknownComponentError))
    assert f"\n  Did you mean {first!r}? Most like it: {first}, " in text
    assert text.count(", ") == 11
    assert text.endswith(f" (`kplug list optimizers` shows all {_count('optimizer')})")


def _count(kind: str) -> int:
    return len({component.name for component in REGISTRY.components(get_kind(kind))})


def test_names_are_compared_when_the_text_is_read() -> None:
    error = _fail("optimizer", "sdg", UnknownComponentError)
    with kplug.scope(optimizers={"sdgg": object()}):
        assert error.candidates == tuple(
            sorted(
                {component.name for component in REGISTRY.index(get_kind("optimizer")).components}
            )
        )
        assert "sdgg" not in str(error)
    again = pickle.loads(pickle.dumps(_fail("optimizer", "sdg", UnknownComponentError)))
    assert (str(again), again.candidates) == (str(error), error.candidates)


def test_every_one_of_them_is_a_lookup_error_of_ours() -> None:
    error = _fail("loss", "zzz", UnknownComponentError)
    assert isinstance(error, KplugError)
    assert isinstance(error, LookupError)


LONG = "x" * 3000
CUT = "x" * 79 + "…"


@pytest.mark.parametrize(
    ("identifier", "error", "start"),
    [
        (LONG, UnknownComponentError, f"no loss is named '{CUT}'\n"),
        (f"kplug/{LONG}", UnknownComponentError, f"offers no loss '{CUT}'\n"),
        (
            f"custom/{LONG}",
            UnknownComponentError,
            f"'custom/{LONG[:72]}…' was a loss defined in code",
        ),
        ({"name": LONG + "!"}, SpecError, f"'{CUT}' is not a reference to a component\n"),
    ],
)
def test_a_long_name_is_cut_where_it_is_repeated(
    identifier: object, error: type[KplugError], start: str
) -> None:
    with pytest.raises(error) as caught:
        resolve("loss", identifier)
    assert start in str(caught.value)
    assert "x" * 80 not in str(caught.value)


def test_a_long_kind_is_cut_where_it_is_repeated() -> None:
    with pytest.raises(UnknownKindError) as caught:
        resolve(LONG, "mse")
    assert str(caught.value).startswith(f"there is no kind '{CUT}'\n")


def test_metadata_that_cannot_be_read_are_named_with_their_folder(install: Sandbox) -> None:
    install("my-plugin", entry_points={"kplug.losses": {"x": "m:x"}})
    folder = install.info("my-plugin", "1.0")
    (folder / "METADATA").write_text("Version: 1.0\n")
    kplug.reload()
    text = str(_fail("loss", "my-plugin/x", PluginLoadError))
    assert text.startswith("'my-plugin' is installed, but its metadata cannot be read")
    assert text.endswith(f"It is in {folder}")


def test_a_stored_name_that_is_known_in_another_kind() -> None:
    error = _fail("regularizer", "custom/csv_logger", UnknownComponentError)
    assert "\n  'csv_logger' is a callback, not a regularizer. Offer it: " in str(error)


@pytest.mark.parametrize("ref", ["torch/lbfgs", "torch/LBFGS", "lbfgs", "l_bfgs"])
def test_what_torch_has_and_no_model_can_use_is_left_out_with_a_reason(ref: str) -> None:
    text = str(_fail("optimizer", ref, UnknownComponentError))
    assert " leaves it out: it takes all weights in one group" in text
    assert text.endswith("functools.partial(torch.optim.LBFGS, max_iter=20).")
    assert "Most like it" not in text
    assert "Did you mean" not in text


@pytest.mark.torch
@pytest.mark.parametrize(
    ("kind", "name", "advice"),
    [
        ("optimizer", "SparseAdam", "Use 'adam'"),
        ("optimizer", "torch/muon", "Use 'kplug/muon'"),
        ("loss", "CTCLoss", "Use 'kplug/ctc'"),
        ("loss", "torch/triplet_margin_loss", "Call torch.nn.TripletMarginLoss in a train_step"),
        ("initializer", "torch/zeros", "Use 'kplug/zeros'"),
        ("initializer", "torch/eye", "Use 'kplug/identity'"),
    ],
)
def test_others_that_torch_has_say_what_to_use(kind: str, name: str, advice: str) -> None:
    text = str(_fail(kind, name, UnknownComponentError))
    assert advice in text
    for mentioned in re.findall("'(kplug/.*?)'", text):
        assert resolve(kind, mentioned).component.qualified_name == mentioned


def test_nothing_that_torch_offers_is_left_out() -> None:
    for kind, reasons in LEFT_OUT.items():
        own = [each for each in REGISTRY.components(get_kind(kind)) if each.origin.is_built_in]
        offered = {
            key for each in own if each.origin.distribution == "torch" for key in keys_of(each)
        }
        assert offered
        assert offered.isdisjoint(map(lookup_key, reasons))


def test_a_name_that_another_package_has_is_shown_with_that_package() -> None:
    assert str(_fail("activation", "torch/relu", UnknownComponentError)).splitlines()[1:] == [
        "  Offered here: kplug/relu.",
        "  It offers no activations; `kplug list activations` shows who does.",
    ]


LEAVING_OUT = """
import kplug
ASKED = []

@kplug.hookimpl
def kplug_left_out(kind):
    ASKED.append(kind)
    try:
        kplug.resolve("loss", "no_such_loss_either")
    except kplug.KplugError as error:
        str(error)
    return {answer}
"""


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("{'DeepPuddle': 'too deep\\x1b. Use puddle'}", "leaves it out: too deep?. Use puddle."),
        ("{'deep-puddle': 'x'}", "leaves it out: x."),
        (
            "['deep_puddle']",
            "kplug_left_out: ['deep_puddle'] was returned. It must return a mapping of name to reason, "
            "both texts.",
        ),
        (
            "{'deep_puddle': 3}",
            "kplug_left_out: {'deep_puddle': 3} was returned. It must return a mapping of name to reason, "
            "both texts.",
        ),
        ("1 / 0", "kplug_left_out raised ZeroDivisionError: division by zero"),
    ],
)
@pytest.mark.parametrize("ref", ["deep_puddle", "my-library/deep_puddle"])
def test_a_plugin_says_what_it_leaves_out(
    install: Sandbox, ref: str, answer: str, line: str
) -> None:
    source = LEAVING_OUT.replace("{answer}", answer)
    install("my-library", entry_points={"kplug": {"p": "library"}}, modules={"library.py": source})
    REGISTRY.problems()
    with pytest.raises(ResolutionError) as caught:
        resolve("loss", ref)
    assert sys.modules["library"].ASKED == []
    assert line in str(caught.value)
    assert sys.modules["library"].ASKED == ["loss"]
