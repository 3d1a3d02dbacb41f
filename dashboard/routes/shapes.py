"""What routes take and give, for the API's description (docs/openapi.json): the structs that are read and written."""

from typing import Any, Final

import msgspec

from dashboard.examples import example_of

_JSON: Final = "application/json"
_REFERENCE: Final = "#/components/schemas/{name}"
_described: Final[list[type[Any]]] = []


class Problem(msgspec.Struct, frozen=True):
    """Why a request was refused: a code of `dashboard.errors`, and its numbers."""

    code: str
    params: dict[str, int | float | str]


class Refusal(msgspec.Struct, frozen=True):
    """The body of every refused request."""

    error: Problem


def takes(kind: type[Any]) -> dict[str, Any]:
    """Return what describes the body that a route reads, for `openapi_extra`."""
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": _schema(kind)}}}}


def gives(kind: type[Any], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return what describes a route's answer, for `responses`."""
    return {status: {"description": "Done", "content": {_JSON: {"schema": _schema(kind)}}}}


def gives_events(kind: type[Any], event: str) -> dict[int | str, dict[str, Any]]:
    """Return what describes a stream of server-sent events of one name, each with one `kind` as JSON in its data."""
    data = {"type": "string", "contentMediaType": _JSON, "contentSchema": _schema(kind)}
    each = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "event": {"const": event}, "data": data},
        "required": ["id", "event", "data"],
    }
    content = {"text/event-stream": {"schema": each}}
    return {200: {"description": "Events, for as long as the reader stays", "content": content}}


def refuses() -> dict[int | str, dict[str, Any]]:
    """Return what describes how any route may refuse."""
    content = {_JSON: {"schema": _schema(Refusal)}}
    return {
        "4XX": {"description": "Refused; `code` says why", "content": content},
        "503": {"description": "Not now; nothing has changed", "content": content},
    }


def shared_shapes() -> dict[str, Any]:
    """Return the shapes that routes refer to, by name, those that are sent as a whole with an example."""
    _, shapes = msgspec.json.schema_components(_described, ref_template=_REFERENCE)
    examples = {kind.__name__: example_of(kind) for kind in described() if kind.__name__ in shapes}
    return {
        name: shape | ({"examples": [examples[name]]} if name in examples else {}) for name, shape in shapes.items()
    }


def described() -> list[type[Any]]:
    """Return what routes take and give, each once."""
    return list(dict.fromkeys(_described))


def _schema(kind: type[Any]) -> dict[str, Any]:
    _described.append(kind)
    (reference,), _ = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    return dict(reference)
