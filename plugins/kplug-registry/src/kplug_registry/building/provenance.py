"""Makes the provenance file of a wheel (PEP 740) from its attestations."""

from __future__ import annotations

import json
from hashlib import sha256

from kplug_registry.errors import NotPermittedError
from kplug_registry.site_format import DistributionFile, Provenance, Workflow
from kplug_registry.wheels import GITHUB, WheelContents


def make_provenance(
    file: DistributionFile, wheel: WheelContents, workflow: Workflow | None
) -> tuple[Provenance, bytes] | None:
    """Return what a site says of a wheel's attestations, and the file; None if it has none.

    Args:
        file: The distribution, whose trusted publishers attest its wheels.
        wheel: The wheel.
        workflow: The workflow that uploads it, if one does.

    Raises:
        NotPermittedError: if another workflow has signed one.
    """
    if not wheel.attestations:
        return None
    signers = {each.workflow for each in wheel.attestations}
    signer = next(iter(signers))
    trusted = [workflow] if workflow else [each.workflow for each in file.trusted_publishers]
    found = next((each for each in trusted if _is_of(each, signer)), None)
    if found is None or len(signers) > 1:
        raise NotPermittedError(
            f"{wheel.path.name} is attested by {signer}, which is not who publishes {file.name}",
            hint="A trusted publisher with these claims is needed: kplug owner trust "
            f"{file.name} NAME --to SITE. Or publish without attestations.",
        )
    bundle = {
        "publisher": describe_publisher(found),
        "attestations": [json.loads(each.content) for each in wheel.attestations],
    }
    content = json.dumps({"version": 1, "attestation_bundles": [bundle]}, separators=(",", ":"))
    data = content.encode()
    predicates = tuple(each.predicate_type for each in wheel.attestations)
    is_verified = all(each.is_verified for each in wheel.attestations)
    digest = sha256(data).hexdigest()
    return Provenance(wheel.path.name, digest, predicates, signer, is_verified), data


def describe_publisher(workflow: Workflow) -> dict[str, str | None]:
    """Return a workflow as the publisher of PEP 740's provenance."""
    claims = {claim.name: claim.value for claim in workflow.claims}
    environment, file = claims.get("environment"), claims["workflow_file"]
    if workflow.issuer == GITHUB:
        name = file.rpartition("/")[2]
        return {
            "kind": "GitHub",
            "repository": claims["repository"],
            "workflow": name,
            "environment": environment,
        }
    name = file.partition("//")[2]
    return {
        "kind": "GitLab",
        "repository": claims["project_path"],
        "workflow_filepath": name,
        "environment": environment,
    }


def _is_of(trusted: Workflow, signer: Workflow) -> bool:
    """Whether a trusted publisher pins all that is known of who signed."""
    return trusted.issuer == signer.issuer and set(signer.claims) <= set(trusted.claims)
