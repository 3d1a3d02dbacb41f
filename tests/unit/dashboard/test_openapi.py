"""The API's description says what the routes do."""

from dashboard.openapi import describe
from setup.api_page import PAGE, render


def test_the_page_is_what_the_routes_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "docs/openapi.json is out of date: run `make docs`"


def test_every_shape_that_is_referred_to_is_there() -> None:
    document = describe()
    names = {part.partition('"')[0] for part in str(document).replace("'", '"').split("#/components/schemas/")[1:]}
    assert names
    assert names <= document["components"]["schemas"].keys()
