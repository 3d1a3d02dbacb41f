"""Every route of the API with who may use it, as its dependencies declare; and a request to it that would be answered.

Made from the routes and their description, so that no new route is forgotten.
"""

import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from dashboard.openapi import ROUTERS, describe
from dashboard.permissions import Permission
from dashboard.routes.answers import Needs, get_holder, get_viewer

#: For everybody, without a session: codes, passwords and tokens of their own decide.
PUBLIC: Final = {
    ("POST", "/api/session"),
    ("GET", "/api/sign-in"),
    ("POST", "/api/sign-in/{provider}"),
    ("POST", "/api/sign-in/{provider}/answer"),
    ("POST", "/api/session/second-factor"),
    ("GET", "/api/health"),
    ("POST", "/api/pair"),
    ("POST", "/api/pair/look"),
    ("GET", "/api/notices/{token}"),
    ("POST", "/api/notices/{token}/acknowledgement"),
    ("POST", "/api/notices/{token}/passing"),
}
#: For everybody who is signed in: about himself, or no secret.
SIGNED_IN: Final = {
    ("GET", "/api/session"),
    ("DELETE", "/api/session"),
    ("GET", "/api/calls"),
    ("GET", "/api/sessions"),
    ("DELETE", "/api/sessions"),
    ("DELETE", "/api/sessions/{session_id}"),
    ("GET", "/api/account"),
    ("PUT", "/api/account/password"),
    ("POST", "/api/account/second-factor"),
    ("POST", "/api/account/second-factor/confirmation"),
    ("POST", "/api/account/second-factor/removal"),
    ("POST", "/api/account/recovery-codes"),
}


class Declared(NamedTuple):
    """A route; `permission` is ``None`` where nobody's role is asked for.

    `asks_session` and `asks_device`: whether it asks who is signed in, or for a device's credential.
    """

    method: str
    path: str
    permission: Permission | None
    n_permissions: int
    asks_session: bool
    asks_device: bool


def declared_routes() -> Iterator[Declared]:
    """Return all routes below /api."""
    for routes in ROUTERS:
        for route in routes.router.routes:
            if isinstance(route, APIRoute) and route.path.startswith("/api"):
                asked = list(_dependencies(route.dependant))
                permissions = [one.permission for one in asked if isinstance(one, Needs)]
                for method in sorted(route.methods or ()):
                    yield Declared(
                        method,
                        route.path,
                        permissions[0] if permissions else None,
                        len(permissions),
                        get_viewer in asked,
                        get_holder in asked,
                    )


class Call(NamedTuple):
    """A request."""

    method: str
    path: str
    query: Mapping[str, Any]
    body: Any


def call_of(route: Declared, ids: Mapping[str, object]) -> Call:
    """Return a request to a route, valid by its description.

    Parameters
    ----------
    ids : mapping
        By name of the parameter, in the path or in the body: of what the request is about.
    """
    ids = {**_times(), **ids}
    operation = _described()["paths"][route.path][route.method.lower()]
    path, query = route.path, {}
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path":
            is_known = name in ids or "enum" in parameter["schema"]
            assert is_known, f"{route.method} {route.path}: tell tests/integration/tenants.py what a {name} is"
            path = path.replace("{" + name + "}", str(_example(parameter["schema"], ids, name)))
        elif parameter["in"] == "query" and parameter.get("required"):
            query[name] = _example(parameter["schema"], ids, name)
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return Call(route.method, path, query, None if schema is None else _example(schema, ids, ""))


@cache
def _described() -> dict[str, Any]:
    return describe()


def _times() -> dict[str, object]:
    now_us = time.time_ns() // 1000
    return {"from_us": now_us - 120_000_000, "to_us": now_us, "bucket_s": 60}


def _example(schema: Mapping[str, Any], ids: Mapping[str, object], name: str) -> Any:  # noqa: ANN401 # JSON
    """Return the smallest value that a schema allows, with the ids where it asks for them."""
    if "$ref" in schema:
        schema = _described()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if name in ids:
        return ids[name]
    if "anyOf" in schema:
        return _example(next(one for one in schema["anyOf"] if one.get("type") != "null"), ids, name)
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return {
            key: _example(one, ids, key)
            for key, one in properties.items()
            if key in {*ids, *schema.get("required", ())}
        }
    if schema.get("type") == "array":
        item = _example(schema.get("items", {}), ids, f"{name.removesuffix('s')}_id")
        return [item] * max(1, schema.get("minItems", 0))
    plain = {"integer": schema.get("minimum", 0), "number": schema.get("minimum", 0), "boolean": True}
    return schema.get(
        "const", schema.get("enum", [plain.get(schema.get("type", ""), "x" * schema.get("minLength", 1))])[0]
    )


def _dependencies(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _dependencies(inner)
