"""Compares the OpenAPI description of the routes with the server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from kplug_registry.publishing import publish
from kplug_registry.serving.application import make_application
from kplug_registry.serving.database import Database
from kplug_registry.serving.openapi import DESCRIPTION
from kplug_registry.serving.served_sites import SiteFolder
from kplug_registry.serving.upload_limits import UploadLimits
from kplug_registry.storage import Folder
from kplug_registry.wheels import read_wheel

NAMES = {
    "kind": "loss",
    "key": "waveloss",
    "distribution": "kplug-waves",
    "version": "1.0",
    "word": "wave",
    "prefix": "wav",
    "wheel": "kplug_waves-1.0-py3-none-any.whl",
}
METHODS = [
    (path, method.upper()) for path, found in DESCRIPTION["paths"].items() for method in found
]
WITH_INPUT = [(path, method) for path, method in METHODS if "{" in path or method == "POST"]
pytestmark = pytest.mark.slow  # schemathesis alone takes long to import


@pytest.fixture
def schema(site: Path, database: Database, make_wheel: Callable[..., Path]) -> Any:
    import schemathesis

    requires = "Requires-Dist: kplug-waves\n"
    dependent = read_wheel(make_wheel("kplug-tides", requires="kplug", metadata=requires))
    publish([dependent], Folder(site), "2026-02-01T00:00:00Z")
    application = make_application(SiteFolder(site), database, UploadLimits(rate=10**6))
    return schemathesis.openapi.from_asgi("/openapi.json", application)


def test_every_file_is_what_its_schema_says(schema: Any) -> None:
    for path in (path for path, method in METHODS if method == "GET"):
        names = {name: text for name, text in NAMES.items() if f"{{{name}}}" in path}
        case = schema[path]["GET"].Case(path_parameters=names)
        response = case.call()
        assert response.status_code == 200, path
        case.validate_response(response)


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [*((*one, "positive") for one in METHODS), *((*one, "negative") for one in WITH_INPUT)],
)
def test_answers_are_those_of_the_description(
    schema: Any, token: str, path: str, method: str, mode: str
) -> None:
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    operation = schema[path][method]
    excluded = (
        [positive_data_acceptance] if method != "GET" else []
    )  # no random bytes are a wheel, a version or an owner

    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    def send(case: Any) -> None:
        case.call_and_validate(auth=("__token__", token), excluded_checks=excluded)

    send()
