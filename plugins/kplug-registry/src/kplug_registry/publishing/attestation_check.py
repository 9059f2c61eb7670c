"""Verifies attestations by sigstore's library, where that is installed."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from kplug_registry.building.provenance import describe_publisher
from kplug_registry.errors import PublishingError
from kplug_registry.wheels import Attestation, WheelContents


def verify_attestations(wheel: WheelContents) -> WheelContents:
    """Return a wheel whose attestations are verified, or the wheel as it is without the extra.

    The trust root is the one that sigstore's library has on this machine; nothing is fetched.

    Raises:
        PublishingError: for one that the library refuses.
    """
    if not wheel.attestations or find_spec("pypi_attestations") is None:
        return wheel
    library: Any = importlib.import_module("pypi_attestations")
    subject = library.Distribution(name=wheel.path.name, digest=wheel.file.sha256)
    verified = tuple(_verify(library, subject, each) for each in wheel.attestations)
    return replace(wheel, attestations=verified)


def _verify(library: Any, subject: Any, attestation: Attestation) -> Attestation:
    facts = describe_publisher(attestation.workflow)
    make = library.GitHubPublisher if facts["kind"] == "GitHub" else library.GitLabPublisher
    try:
        found = library.Attestation.model_validate(json.loads(attestation.content))
        found.verify(make(**facts), subject, offline=True)
    except Exception as error:  # the content is untrusted, whatever the library says of it
        raise PublishingError(
            f"the attestation of {subject.name} is not valid: {' '.join(str(error).split())[:500]}",
            hint="Make it anew, or upload the wheel without it. A trust root that is too old for it comes "
            "anew with: pip install --upgrade sigstore",
        ) from error
    return replace(attestation, is_verified=True)
