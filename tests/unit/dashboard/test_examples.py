"""The API's examples are such as the API itself would take."""

from typing import Any

import msgspec
import pytest

from dashboard.examples import example_of
from dashboard.openapi import describe
from dashboard.routes.shapes import described

_DOCUMENT = describe()


@pytest.mark.parametrize("kind", described(), ids=str)
def test_an_example_has_its_own_shape(kind: type[Any]) -> None:
    said = msgspec.json.encode(example_of(kind))
    assert msgspec.json.decode(msgspec.json.encode(msgspec.json.decode(said, type=kind))) == msgspec.json.decode(said)


def test_every_body_and_every_answer_has_an_example() -> None:
    shapes = _DOCUMENT["components"]["schemas"]
    named = set()
    for path, item in _DOCUMENT["paths"].items():
        for method, route in item.items():
            bodies = [route["requestBody"]] if "requestBody" in route else []
            for body in [*bodies, *route["responses"].values()]:
                schema = body.get("content", {}).get("application/json", {}).get("schema", {})
                if "$ref" in schema:
                    name = schema["$ref"].rsplit("/", 1)[-1]
                    assert "examples" in shapes[name], f"{method} {path}: {name}"
                    named.add(name)
    assert len(named) > 60


def test_an_example_says_what_its_fields_mean() -> None:
    alarm = _DOCUMENT["components"]["schemas"]["Alarm"]["examples"][0]
    assert (alarm["call"], alarm["priority"], alarm["detail"]) == ("asystole", "high", {"seconds": 4.2})
    assert alarm["onset_us"] < alarm["raised_us"]
    assert alarm["silenced"]["at_us"] < alarm["silenced"]["until_us"]
