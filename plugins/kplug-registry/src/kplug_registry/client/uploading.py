"""Uploads wheels, with their authors' facts and attestations, to a server of `kplug serve`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import requests

from kplug_registry.errors import PublishingError, UnreachableSiteError
from kplug_registry.site_format import hash_stream
from kplug_registry.trust.http_session import HttpSession, explain
from kplug_registry.wheels import attestation_paths, facts_path

_SECONDS = 600  # for an answer


def upload(wheels: Iterable[Path], address: str, token: str) -> Iterator[str]:
    """Yield what the server says of each wheel.

    Args:
        wheels: The files; the facts and attestations beside them are sent, too.
        address: Where the server takes uploads, such as ``https://example.org/legacy/``.
        token: The token of an owner.

    Raises:
        PublishingError: for the first wheel that is refused.
        UnreachableSiteError: if the server does not answer.
    """
    with HttpSession(retries=0, connections=1) as session:
        for wheel in wheels:
            yield _send(session, wheel, address, token)


def _send(session: HttpSession, wheel: Path, address: str, token: str) -> str:
    facts = facts_path(wheel)
    with ExitStack() as stack:
        content = stack.enter_context(wheel.open("rb"))
        form = {":action": "file_upload", "sha256_digest": hash_stream(content)}
        content.seek(0)
        files = {"content": (wheel.name, content)}
        attestations = [*filter(Path.is_file, attestation_paths(wheel))]
        if attestations:
            form["attestations"] = f"[{','.join(one.read_text('utf-8') for one in attestations)}]"
        if facts.is_file():
            files["facts"] = (facts.name, stack.enter_context(facts.open("rb")))
        try:
            answer = session.post(
                address, data=form, files=files, auth=("__token__", token), timeout=_SECONDS
            )
        except requests.RequestException as error:
            is_untrusted = isinstance(error, requests.exceptions.SSLError)
            raise UnreachableSiteError(
                f"{address} does not answer: {explain(error)}",
                hint="If its authority is your own: SSL_CERT_FILE=FILE, with the authority's certificate."
                if is_untrusted
                else "Give the address that `kplug serve` prints for uploads.",
            ) from error
    if answer.status_code != requests.codes.ok:
        message, _, hint = answer.text[:2000].partition("\n")
        raise PublishingError(
            f"{address} does not take {wheel.name}, with status {answer.status_code}: {message}",
            hint=hint.strip() or None,
        )
    return answer.text
