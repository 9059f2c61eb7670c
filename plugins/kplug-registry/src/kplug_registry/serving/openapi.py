"""The server's OpenAPI 3.1 description; schemas of files derive from a site's nouns."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin, get_type_hints

from msgspec.inspect import DataclassType, StructType, type_info

from kplug_registry.serving.token_exchange import AUDIENCE, BURN, MINT
from kplug_registry.site_format import (
    PAGES_JSON,
    ComponentFile,
    DependentsFile,
    DistributionFile,
    NameList,
    PrefixFile,
    ReleaseFile,
    SearchFile,
    SiteFile,
    find_content_type,
)

_JSON = find_content_type("x.json")
_TEXT = "text/plain; charset=utf-8"
_SIMPLE: dict[str, Any] = {"text/html; charset=utf-8": {}, PAGES_JSON: {}}
_REFUSALS = {
    400: "The form, the wheel or its names are refused.",
    401: "The token is missing or wrong.",
    403: "The server has no tokens, or the token or its owner may not do this.",
    404: "There is no such path.",
    408: "The upload took too long.",
    409: "The version is there already.",
    413: "The upload is too large.",
    415: "The upload is no form.",
    429: "Uploads come too fast; Retry-After says when to go on.",
    503: "The release cannot be signed, or another one is being published; Retry-After says when to go on.",
}
_STRING: dict[str, Any] = {"type": "string"}
_PUBLISHER = {
    "type": "object",
    "properties": {
        "issuer": _STRING,
        "audience": _STRING,
        "claims": {"type": "object", "additionalProperties": _STRING},
        "pending": {"type": "boolean"},
    },
    "required": ["issuer", "audience", "claims"],
}
_NAMES = {  # of parameters: what they match, where more is refused as not found
    "kind": "^[a-z][a-z0-9_]*$",
    "key": "^[a-z][a-z0-9]*$",
    "distribution": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    "version": "^[0-9][0-9a-z.!+]*$",
    "word": "^[a-z0-9]+$",
    "prefix": "^[a-z0-9]{2,4}$",
    "wheel": r"^[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl$",
}


def _describe_noun(wanted: Any) -> dict[str, Any]:
    """Return the schema of a noun or of a field; a file may leave out fields with defaults, as readers do."""
    info = type_info(wanted)
    if isinstance(info, (DataclassType, StructType)):
        hints = get_type_hints(wanted)
        return {
            "type": "object",
            "properties": {one.name: _describe_noun(hints[one.name]) for one in info.fields},
            "required": [one.name for one in info.fields if one.required],
        }
    if get_origin(wanted) is tuple:
        return {"type": "array", "items": _describe_noun(get_args(wanted)[0])}
    if get_origin(wanted) in (Union, types.UnionType):
        return {"anyOf": [_describe_noun(one) for one in get_args(wanted)]}
    return {"type": {str: "string", int: "integer", bool: "boolean"}.get(wanted, "null")}


def _describe_file(summary: str, content: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the GET operation for a file of a site."""
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": _NAMES[name]},
        }
        for name in names
    ]
    answers: dict[str, Any] = {
        "200": {"description": "The file, with its ETag.", "content": content},
        "304": {"description": "The file is the one that If-None-Match names."},
        "401": {"description": "The site is read with a token alone.", "content": {_TEXT: {}}},
        "502": {
            "description": "The registry that is copied does not answer, or did not sign the file.",
            "content": {_TEXT: {}},
        },
    }
    if names:
        answers["404"] = {"description": "There is no such file.", "content": {_TEXT: {}}}
    return {"get": {"summary": summary, "parameters": parameters, "responses": answers}}


def _describe_json(summary: str, noun: type, *names: str) -> dict[str, Any]:
    return _describe_file(summary, {_JSON: {"schema": _describe_noun(noun)}}, *names)


def _describe_upload() -> dict[str, Any]:
    form = {
        "type": "object",
        "required": [":action", "content", "sha256_digest"],
        "properties": {
            ":action": {"const": "file_upload"},
            "content": {"type": "string", "contentMediaType": find_content_type("x.whl")},
            "attestations": {"type": "string", "contentMediaType": _JSON},
            "facts": {"type": "string", "contentMediaType": _JSON},
            "sha256_digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        },
    }
    refusals = {
        str(status): {"description": text, "content": {_TEXT: {}}}
        for status, text in _REFUSALS.items()
        if status != 404
    }
    return {
        "post": {
            "summary": "Publish a wheel, as twine and uv send it. Other fields have no effect.",
            "security": [{"token": []}],
            "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
            "responses": {
                "200": {"description": "It is published.", "content": {_TEXT: {}}},
                **refusals,
            },
        }
    }


def _describe_change(
    put: str, delete: str, name: str, content: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the operations that make something of a distribution so, and undo it."""
    parameters = [
        {"name": each, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for each in ("distribution", name)
    ]
    refusals = {
        str(status): {"description": _REFUSALS[status], "content": {_TEXT: {}}}
        for status in (400, 401, 403, 404, 413, 429, 503)
    }
    common = {
        "parameters": parameters,
        "security": [{"token": []}],
        "responses": {"200": {"description": "It is done.", "content": {_TEXT: {}}}, **refusals},
    }
    body = {} if content is None else {"requestBody": {"required": True, "content": content}}
    return {
        "put": {"summary": put, **common, **body},
        "delete": {"summary": delete, **common},
    }


def _describe_audience() -> dict[str, Any]:
    schema = _describe_texts("audience")
    answers = {"200": {"description": "The host.", "content": {_JSON: {"schema": schema}}}}
    return {"get": {"summary": "Who OIDC tokens have to be for.", "responses": answers}}


def _describe_exchange(
    summary: str, status: int, answer: dict[str, Any], **more: str
) -> dict[str, Any]:
    """Return the operation that takes a token as JSON; further keywords are refusals of its own."""
    error = _describe_texts("code", "description")
    refusal = {
        "type": "object",
        "properties": {"message": _STRING, "errors": {"type": "array", "items": error}},
        "required": ["message", "errors"],
    }
    refused = {_JSON: {"schema": refusal}}
    refusals = {"422": "The token is refused.", "429": _REFUSALS[429], **more}
    return {
        "post": {
            "summary": summary,
            "requestBody": {
                "required": True,
                "content": {_JSON: {"schema": _describe_texts("token")}},
            },
            "responses": {
                str(status): {"description": "It is done.", "content": {_JSON: {"schema": answer}}},
                **{
                    each: {"description": text, "content": refused}
                    for each, text in refusals.items()
                },
            },
        }
    }


def _describe_texts(*names: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict.fromkeys(names, _STRING),
        "required": list(names),
    }


def _describe_health() -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["status", "problem"],
        "properties": {
            "status": {"enum": ["ok", "stale", "broken", "expired", "unwritable"]},
            "problem": {"type": ["string", "null"]},
        },
    }
    content = {_JSON: {"schema": schema}}
    answers = {
        "200": {"description": "The site is served.", "content": content},
        "503": {
            "description": "The site cannot be read, clients refuse it, or no upload could be stored.",
            "content": content,
        },
    }
    return {"get": {"summary": "Whether the site is served.", "responses": answers}}


DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "A registry of kplug plugins", "version": "1"},
    "components": {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "basic", "description": "The user is __token__."}
        }
    },
    "paths": {
        "/health": _describe_health(),
        "/legacy/": _describe_upload(),
        "/yanks/{distribution}/{version}": _describe_change(
            "Withdraw a release; the text says why.",
            "Offer a release again.",
            "version",
            {"text/plain": {"schema": {"type": "string", "minLength": 1, "maxLength": 500}}},
        ),
        "/owners/{distribution}/{owner}": _describe_change(
            "Add an owner to a distribution.",
            "Remove an owner, but not the last.",
            "owner",
        ),
        "/publishers/{distribution}/{publisher}": _describe_change(
            "Let a workflow publish a distribution, or be the first to do so.",
            "Let a workflow publish a distribution no longer.",
            "publisher",
            {_JSON: {"schema": _PUBLISHER}},
        ),
        AUDIENCE: _describe_audience(),
        MINT: _describe_exchange(
            "Exchange an OIDC token of a trusted publisher for one that uploads.",
            200,
            {**_describe_texts("token"), "required": ["success", "token"]},
            **{"503": "The identity provider is silent."},
        ),
        BURN: _describe_exchange(
            "Revoke a token that was exchanged.", 202, _describe_texts("message")
        ),
        "/registry.json": _describe_json("The format, and what is new.", SiteFile),
        "/feed.xml": _describe_file("What is new, as Atom.", {find_content_type("x.xml"): {}}),
        "/index.html": _describe_file("The catalogue.", {find_content_type("x.html"): {}}),
        "/components/{kind}/{key}.json": _describe_json(
            "Who offers a name.", ComponentFile, "kind", "key"
        ),
        "/distributions/{distribution}.json": _describe_json(
            "All releases of a distribution.", DistributionFile, "distribution"
        ),
        "/dependents/{distribution}.json": _describe_json(
            "Who requires a distribution.", DependentsFile, "distribution"
        ),
        "/names/required.json": _describe_json("What the releases require.", NameList),
        "/releases/{distribution}/{version}.json": _describe_json(
            "What a version offers.", ReleaseFile, "distribution", "version"
        ),
        "/search/{word}.json": _describe_json("Components by a word.", SearchFile, "word"),
        "/prefixes/{prefix}.json": _describe_json(
            "Words that begin with characters.", PrefixFile, "prefix"
        ),
        "/simple/": _describe_file("All distributions, for installers.", _SIMPLE),
        "/simple/{distribution}/": _describe_file(
            "The wheels of a distribution, for installers.", _SIMPLE, "distribution"
        ),
        "/files/{wheel}": _describe_file("A wheel.", {find_content_type("x.whl"): {}}, "wheel"),
    },
}
