"""Judges requests and answers by Coolify's own OpenAPI file, and names every place where Coolify does otherwise.

Knows no state. A field or parameter that the file does not name counts as wrong in a request (Coolify answers 422 to
it), and as right in an answer only where it is listed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from coolify_extract import EXTRACT
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

REQUEST_QUIRKS: Mapping[tuple[str, str], str] = {
    ("POST", "/deploy"): "takes a JSON body, too: the file says so in words and describes the query alone",
}
"""Requests that the product must send and that the file has not, with the quirk that forces them. Nothing else of them
is excused; one that the product does not send is none of it."""

ITEM_QUIRKS: Mapping[tuple[str, str], str] = {
    ("/applications/{uuid}/envs/bulk", "is_runtime"): "taken of each variable by the controller; the file lacks it",
    ("/applications/{uuid}/envs/bulk", "is_buildtime"): "taken of each variable by the controller; the file lacks it",
}
"""Fields of the items of a list in a body that the file has not."""

GONE_REQUESTS = (
    ("GET", "/deploy"),
    ("GET", "/applications/{uuid}/start"),
    ("GET", "/applications/{uuid}/stop"),
    ("GET", "/applications/{uuid}/restart"),
)
"""Before 4.2 these were GET, and POST did as well. The fake answers them; a product that sends them is at fault."""

ANSWER_QUIRKS: Mapping[tuple[str, str], str] = {
    ("GET", "/deployments/applications/{uuid}"): "{count, deployments}, not a list of applications (issue 5874)",
    ("GET", "/deployments"): "may be an object with numbers for keys instead of a list",
    ("GET", "/databases"): "a list; the file: content is very complex, will be implemented later",
    ("GET", "/databases/{uuid}/backups"): "a list; the file: content is very complex, will be implemented later",
    ("GET", "/resources"): "a list; the file: content is very complex, will be implemented later",
    ("GET", "/version"): "plain text as text/plain where a proxy says so; the file has text/html",
    ("GET", "/applications"): "build_pack may be dockerimage, which the file's list of them lacks",
    ("GET", "/applications/{uuid}"): "build_pack may be dockerimage, which the file's list of them lacks",
}
"""Answers (200) whose form is not the file's."""

STATUS_QUIRKS: Mapping[int, str] = {
    400: "queue full, a stopped application, a cancelled deployment, an empty body",
    403: "API disabled, address not allowed, missing permission: of every path, described for none but one",
    404: "a path that this version does not know",
    405: "GET where 4.2 wants POST",
    422: "a field that is not allowed",
    429: "rate limit of every path; queue full of /deploy",
}
"""Refusals that any path may give; the file describes them for some."""

EXTRA_FIELDS: Mapping[str, str] = {
    "finished_at": "of a deployment; returned since 4.0 and missing in the file",
    "server_status": "of an application; appended by the model",
    "build_server_id": "of a deployment",
    "server_timezone": "of a server's settings; its scheduler goes by it",
    "is_shared": "of a variable; appended by the model",
    "destination": "of an application; loaded for its server's state, and told with the server in it",
}
"""Fields of answers that the file does not name."""


NULL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "ApplicationDeploymentQueue": ("logs", "commit_message"),
    "EnvironmentVariable": ("value",),
}
"""Fields that are null until there is something to tell, or where they are empty; the file has them as texts."""


@cache
def contract() -> dict[str, Any]:
    """The extract. ``nullable`` is of OpenAPI 3.0 and means nothing in 3.1; Coolify's file uses it all the same."""
    loaded: dict[str, Any] = json.loads(EXTRACT.read_text(encoding="utf-8"))
    for schema, names in NULL_FIELDS.items():
        for name in names:
            loaded["components"]["schemas"][schema]["properties"][name]["nullable"] = True
    _null_where_nullable(loaded)
    return loaded


def _null_where_nullable(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _null_where_nullable(item)
    elif isinstance(node, dict):
        if node.get("nullable") is True and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
            if "enum" in node:
                node["enum"] = [*node["enum"], None]
        for item in node.values():
            _null_where_nullable(item)


@cache
def _registry() -> Registry[Any]:
    return Registry().with_resource("urn:coolify", DRAFT202012.create_resource(contract()))


def template(path: str) -> str:
    """The path of the file that this one is of; empty when there is none."""
    if path in contract()["paths"]:
        return path
    return next((known for known, form in _forms() if form.fullmatch(path)), "")


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # Fixed words before variables: /deployments/applications/{uuid} is no deployment called "applications".
    known = sorted(contract()["paths"], key=lambda path: (path.count("{"), path))
    return tuple((path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for path in known)


def faults_of_request(method: str, path: str, query: Mapping[str, str], body: bytes, content_type: str) -> list[str]:
    """What the file has against it; empty: nothing, or the quirk that forces it is listed."""
    known = template(path)
    if not known:
        return [f"{path}: no such path in the file"]
    quirk = (method, known) in REQUEST_QUIRKS
    operation = contract()["paths"][known].get(method.lower())
    if operation is None:
        return [f"{method} {known}: the file has no such method there"]
    wanted = {one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "query"}
    found = [f"query {name}: the file does not name it" for name in query if name not in wanted]
    found += [f"query {name}: is required" for name in wanted if wanted[name].get("required") and name not in query]
    for name in set(query) & set(wanted):
        found += _complaints(_typed(query[name], wanted[name]["schema"]), wanted[name]["schema"], f"query {name}")
    return found + _faults_of_body(known, operation, wanted, body, content_type, quirk=quirk)


def excuses_of_request(method: str, path: str, body: Any) -> set[tuple[str, str]]:
    """Which of the listed quirks it needs. ``body``: its JSON."""
    known = template(path)
    found = {(method, known)} & set(REQUEST_QUIRKS) if body is not None else set()
    lists = [items for items in body.values() if isinstance(items, list)] if isinstance(body, dict) else []
    names = {name for items in lists for item in items if isinstance(item, dict) for name in item}
    return found | ({(known, name) for name in names} & set(ITEM_QUIRKS))


def _faults_of_body(
    known: str, operation: dict[str, Any], query: Mapping[str, Any], body: bytes, content_type: str, *, quirk: bool
) -> list[str]:
    described = operation.get("requestBody")
    if not body:
        return ["body: is required"] if described and described.get("required") else []
    schema: dict[str, Any]
    if described:
        schema = described["content"]["application/json"]["schema"]
    elif quirk:
        schema = {"type": "object", "properties": {name: one["schema"] for name, one in query.items()}}
    else:
        return ["body: the file has none there"]
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return [f"body: the content type is {content_type or 'missing'}, not application/json"]
    try:
        data = json.loads(body)
    except ValueError as error:
        return [f"body: no JSON: {error}"]
    found = _complaints(data, schema, "body")
    if isinstance(data, dict):
        found += [f"body {key}: the file does not name it" for key in data if key not in schema.get("properties", {})]
    return found + _unnamed_items(known, data, schema)


def _unnamed_items(known: str, data: Any, schema: dict[str, Any]) -> list[str]:
    """Fields of listed objects that the file does not name. Coolify drops them without a word, which is worse."""
    found = []
    for key, items in data.items() if isinstance(data, dict) else ():
        named = schema.get("properties", {}).get(key, {}).get("items", {}).get("properties")
        for item in items if named and isinstance(items, list) else ():
            unnamed = [name for name in item if name not in named and (known, name) not in ITEM_QUIRKS]
            found += [f"body {key} {name}: the file does not name it" for name in unnamed]
    return found


def faults_of_answer(method: str, path: str, status: int, body: bytes, content_type: str) -> list[str]:
    """What the file has against an answer; an answer that is listed as a quirk has no faults."""
    known = template(path)
    operation = contract()["paths"].get(known, {}).get(method.lower())
    if operation is None:
        return [] if status in STATUS_QUIRKS or (method, known) in GONE_REQUESTS else [f"{method} {path}: {status}"]
    if status == 200 and (method, known) in ANSWER_QUIRKS:
        return []
    described = operation["responses"].get(str(status))
    if described is None:
        return [] if status in STATUS_QUIRKS else [f"{method} {known}: the file has no answer {status}"]
    if "$ref" in described:
        described = contract()["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    for kind, content in described.get("content", {}).items():
        if content_type.partition(";")[0] != kind:
            return [f"{method} {known}: {status} is {content_type}, not {kind}"]
        if kind == "application/json":
            data = json.loads(body)
            if status == 422:
                data = {**data, "errors": {key: _listed(value) for key, value in data.get("errors", {}).items()}}
            return _complaints(data, content["schema"], f"{method} {known} {status}")
    return []


def unnamed_fields(schema: str, data: Mapping[str, Any]) -> set[str]:
    """Fields that neither the file nor ``EXTRA_FIELDS`` names: invented ones."""
    return set(data) - set(contract()["components"]["schemas"][schema]["properties"]) - set(EXTRA_FIELDS)


def _listed(value: Any) -> Any:
    """An error's text may stand alone or in a list; the file knows the list."""
    return [value] if isinstance(value, str) else value


def _complaints(data: Any, schema: dict[str, Any], where: str) -> list[str]:
    # References in a piece of the file are looked up in the whole of it.
    whole = {"$id": "urn:piece", **_absolute(schema)}
    errors = Draft202012Validator(whole, registry=_registry()).iter_errors(data)
    return [" ".join((where, *map(str, error.absolute_path))) + f": {error.message[:200]}" for error in errors]


def _absolute(node: Any) -> Any:
    if isinstance(node, list):
        return [_absolute(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: f"urn:coolify{item}" if key == "$ref" else _absolute(item) for key, item in node.items()}


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    """A query's text as the type that is wanted, where it can be read as one."""
    if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if schema.get("type") == "boolean" and value in ("true", "false"):
        return value == "true"
    return value
