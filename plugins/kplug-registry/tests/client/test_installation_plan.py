"""Resolution of dependencies across several registries."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from kplug_registry.client.configured_registries import open_registries
from kplug_registry.client.installation_plan import plan_installation
from kplug_registry.errors import (
    InstallationError,
    SiteFormatError,
    TrustError,
    UnreachableSiteError,
)
from kplug_registry.site_format import WheelFile
from packaging.tags import sys_tags

from tests.plugins.signed_sites import SignedFolder, configure, make_signed_folder, offer


@pytest.fixture
def company(tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path, "company")
    for version in ("1.0", "1.1", "2.0a1"):
        offer(made, "kplug-pond", version, ("loss", "pond_loss"), aliases=("water",))
    return made


@pytest.fixture
def public(tmp_path: Path) -> SignedFolder:
    made = make_signed_folder(tmp_path, "public")
    offer(made, "kplug-lake", "3.0", ("loss", "lake_loss"))
    return made


def plan(wanted: str) -> list[tuple[str, str, str]]:
    found = plan_installation(open_registries(), [wanted])
    return [(each.distribution, each.release.version, each.registry.name) for each in found]


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("kplug-pond", "1.1"),
        ("Kplug_Pond", "1.1"),
        ("pond_loss", "1.1"),
        ("PondLoss", "1.1"),
        ("kplug-pond/pond_loss", "1.1"),
        ("Kplug_Pond/PondLoss", "1.1"),
        ("water", "1.1"),
        ("kplug-pond/Water", "1.1"),
        ("kplug-pond==1.0", "1.0"),
        ("kplug-pond<1.1", "1.0"),
        ("kplug-pond==2.0a1", "2.0a1"),
    ],
)
def test_names_of_components_and_of_distributions(
    machine: Path, company: SignedFolder, wanted: str, version: str
) -> None:
    configure(machine, company)
    assert plan(wanted) == [("kplug-pond", version, "company")]


def test_a_bare_name_is_not_that_of_a_component_with_a_qualified_name_alone(
    machine: Path, company: SignedFolder, public: SignedFolder
) -> None:
    offer(public, "kplug-fen", "1.0", ("loss", "pond_loss"), is_qualified_only=True)
    configure(machine, public, company)
    assert plan("pond_loss") == [("kplug-pond", "1.1", "company")]
    configure(machine, public)
    assert plan("pond_loss") == [("kplug-fen", "1.0", "public")]


def test_the_requirement_has_the_hash_that_was_signed(machine: Path, company: SignedFolder) -> None:
    configure(machine, company)
    (found,) = plan_installation(open_registries(), ["kplug-pond"])
    name = "kplug_pond-1.1-py3-none-any.whl"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert found.requirement == (
        f"kplug-pond @ {company.site.as_uri()}/files/{name}#sha256={empty}"
    )


def test_a_distribution_belongs_to_the_first_registry_that_has_it(
    machine: Path, company: SignedFolder, public: SignedFolder
) -> None:
    """Dependency confusion: the public one has a higher version of a private name."""
    offer(public, "kplug-pond", "99.0", ("loss", "pond_loss"))
    configure(machine, company, public)
    (found,) = plan_installation(open_registries(), ["kplug-pond"])
    assert (found.release.version, found.registry.name) == ("1.1", "company")
    assert found.refused == ("public",)
    with pytest.raises(InstallationError, match="no version of kplug-pond fits here"):
        plan("kplug-pond==99.0")


def test_a_registry_that_is_silent_lends_its_names_to_nobody(
    machine: Path, company: SignedFolder, public: SignedFolder
) -> None:
    offer(public, "kplug-pond", "99.0", ("loss", "pond_loss"))
    configure(machine, company, public)
    shutil.rmtree(company.site)
    with pytest.raises(UnreachableSiteError, match=r"/company/ cannot be reached"):
        plan("kplug-pond")


def test_requirements_come_from_the_registries_that_have_them(
    machine: Path, company: SignedFolder, public: SignedFolder
) -> None:
    offer(
        company,
        "kplug-sea",
        "1.0",
        ("loss", "sea_loss"),
        requires=(
            "kplug-lake<4",
            "packaging",
            "kplug-pond; extra == 'pond'",
            "not-in-any-registry",
        ),
    )
    configure(machine, company, public)
    assert plan("kplug-sea") == [("kplug-sea", "1.0", "company"), ("kplug-lake", "3.0", "public")]
    assert ("kplug-pond", "1.1", "company") in plan("kplug-sea[pond]")


def test_a_withdrawn_version_is_installed_only_where_it_is_named(
    machine: Path, company: SignedFolder
) -> None:
    offer(company, "kplug-pond", "1.2", ("loss", "pond_loss"), yanked="wrong gradient")
    configure(machine, company)
    assert plan("kplug-pond") == [("kplug-pond", "1.1", "company")]
    assert plan("kplug-pond==1.2") == [("kplug-pond", "1.2", "company")]


def test_a_version_for_other_pythons_is_passed_over(machine: Path, company: SignedFolder) -> None:
    offer(company, "kplug-pond", "1.2", ("loss", "pond_loss"), requires_python="<3")
    configure(machine, company)
    assert plan("kplug-pond") == [("kplug-pond", "1.1", "company")]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("pont", "no registry has a component or a distribution 'pont'"),
        ("kplug-pont==1.0", "no registry has a distribution 'kplug-pont'"),
        ("kplug-pond>3", "no version of kplug-pond fits here (>3, Python"),
        ("a/b", "no registry has a distribution 'a'"),
        ("../b", "'..' names neither a component nor a distribution"),
        (
            "kplug-pond/pont",
            "kplug-pond 1.1 of the registry 'company' offers no component 'pont'\n"
            "  It offers pond_loss.",
        ),
        ("--index-url=x", "'--index-url=x' names neither a component nor a distribution"),
        ("kplug-pond @ file:///x.whl", "has an address or a condition"),
    ],
)
def test_what_cannot_be_installed(
    machine: Path, company: SignedFolder, wanted: str, message: str
) -> None:
    configure(machine, company)
    with pytest.raises(InstallationError) as caught:
        plan(wanted)
    assert message in str(caught.value)


def test_a_component_of_several_distributions_is_not_guessed(
    machine: Path, company: SignedFolder, public: SignedFolder
) -> None:
    offer(public, "kplug-puddle", "1.0", ("loss", "PondLoss"))
    configure(machine, company, public)
    with pytest.raises(InstallationError) as caught:
        plan("pond_loss")
    assert str(caught.value) == (
        "2 distributions offer 'pond_loss'\n  Name one: `kplug install kplug-pond` "
        "(registry 'company'), `kplug install kplug-puddle` (registry 'public')"
    )


def test_an_altered_site_installs_nothing(machine: Path, company: SignedFolder) -> None:
    configure(machine, company)
    file = company.site / "distributions/kplug-pond.json"
    file.write_text(file.read_text().replace("e3b0c442", "00000000"))
    with pytest.raises(TrustError, match="a file is not the one that was signed"):
        plan("kplug-pond")


@pytest.mark.parametrize(
    "wheel",
    [
        WheelFile("kplug_pond-1.2-py3-none-any.whl", "", 0),
        WheelFile("kplug_pond-1.2-py3-none-any.whl", "0" * 63 + "&", 0),
        WheelFile("kplug_evil-1.2-py3-none-any.whl", "0" * 64, 0),
        WheelFile("kplug_pond-1.3-py3-none-any.whl", "0" * 64, 0),
        WheelFile("kplug_pond-1.2-cp27-cp27m-win32.whl", "0" * 64, 0),
        WheelFile("../kplug_pond-1.2-py3-none-any.whl", "0" * 64, 0),
    ],
    ids=["no hash", "no digits", "other name", "other version", "other machine", "other folder"],
)
def test_a_wheel_that_is_not_that_of_the_release_is_passed_over(
    machine: Path, company: SignedFolder, wheel: WheelFile
) -> None:
    offer(company, "kplug-pond", "1.2", ("loss", "pond_loss"), wheels=(wheel,))
    configure(machine, company)
    assert plan("kplug-pond") == [("kplug-pond", "1.1", "company")]


def wheel_of(tags: str, *, build: str = "") -> WheelFile:
    return WheelFile(f"kplug_pond-1.2-{build}{tags}.whl", "0" * 64, 0)


MACHINE = next(iter(sys_tags()))
OWN, ANY = wheel_of(str(MACHINE)), wheel_of("py3-none-any")
ABI3 = wheel_of(f"cp310-abi3-{MACHINE.platform}")


@pytest.mark.parametrize(
    ("wheels", "chosen"),
    [
        ((ANY, OWN), OWN),
        ((OWN, ANY), OWN),
        ((ABI3, OWN, ANY), OWN),
        ((ANY, ABI3), ABI3),
        ((ANY, wheel_of("cp27-cp27m-win32")), ANY),
        ((wheel_of("py2.py3-none-any"), wheel_of("py2-none-any")), wheel_of("py2.py3-none-any")),
        ((ANY, wheel_of("py3-none-any", build="2-"), wheel_of("py3-none-any", build="10-")), None),
    ],
    ids=["own last", "own first", "three", "abi3", "other machine", "two in one", "builds"],
)
def test_the_wheel_that_fits_best_is_taken(
    machine: Path, company: SignedFolder, wheels: tuple[WheelFile, ...], chosen: WheelFile | None
) -> None:
    offer(company, "kplug-pond", "1.2", ("loss", "pond_loss"), wheels=wheels)
    configure(machine, company)
    (found,) = plan_installation(open_registries(), ["kplug-pond"])
    assert found.wheel == (chosen or wheels[-1])
    assert found.wheel.filename in found.requirement


def test_a_file_about_another_distribution_is_refused(machine: Path, company: SignedFolder) -> None:
    """Otherwise the name in the file could become an option of pip."""
    file = company.site / "distributions/kplug-pond.json"
    file.write_text(file.read_text().replace('"name":"kplug-pond"', '"name":"--index-url=x"'))
    company.sign()
    configure(machine, company)
    with pytest.raises(
        SiteFormatError, match=r"kplug-pond\.json of the registry 'company' is about another"
    ):
        plan("kplug-pond")


def test_a_requirement_that_is_none_is_told(machine: Path, company: SignedFolder) -> None:
    offer(company, "kplug-sea", "1.0", ("loss", "sea_loss"), requires=("--pre",))
    configure(machine, company)
    with pytest.raises(SiteFormatError, match="requires '--pre'"):
        plan("kplug-sea")
