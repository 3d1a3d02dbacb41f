"""The contract that keeps a package's core pure, broken on purpose."""

import grimp
import pytest

from setup.borders import PureCoreContract


@pytest.fixture
def graph() -> grimp.ImportGraph:
    """A package whose reader talks to the database, and whose beats do not."""
    graph = grimp.ImportGraph()
    for module in ("analytics", "analytics.reader", "analytics.beats", "analytics.filters", "other"):
        graph.add_module(module)
    graph.add_module("psycopg", is_squashed=True)
    graph.add_import(importer="analytics.reader", imported="psycopg")
    graph.add_import(importer="analytics.reader", imported="analytics.beats")
    graph.add_import(importer="analytics.beats", imported="analytics.filters")
    return graph


def _check(graph: grimp.ImportGraph, rim: list[str]) -> tuple[bool, list[str]]:
    options = {"package": "analytics", "rim": rim, "impure": ["psycopg", "not_imported_by_anybody"]}
    contract = PureCoreContract("pure", session_options={}, contract_options=options)
    check = contract.check(graph, verbose=False)
    return check.kept, check.metadata["chains"]


def test_the_rim_may_talk_to_the_world(graph: grimp.ImportGraph) -> None:
    assert _check(graph, ["reader"]) == (True, [])


def test_a_module_that_nobody_named_is_held_to_be_pure(graph: grimp.ImportGraph) -> None:
    assert _check(graph, []) == (False, ["analytics.reader -> psycopg"])


def test_a_detour_through_the_rim_or_another_package_is_found(graph: grimp.ImportGraph) -> None:
    graph.add_import(importer="other", imported="psycopg")
    graph.add_import(importer="analytics.filters", imported="other")
    assert _check(graph, ["reader"]) == (
        False,
        ["analytics.beats -> analytics.filters -> other -> psycopg", "analytics.filters -> other -> psycopg"],
    )


def test_the_rim_includes_what_is_under_it(graph: grimp.ImportGraph) -> None:
    graph.add_module("analytics.reader.cursor")
    graph.add_import(importer="analytics.reader.cursor", imported="psycopg")
    assert _check(graph, ["reader"]) == (True, [])


def test_a_similar_name_is_not_the_rim(graph: grimp.ImportGraph) -> None:
    graph.add_module("analytics.reader_of_tea_leaves")
    graph.add_import(importer="analytics.reader_of_tea_leaves", imported="psycopg")
    assert _check(graph, ["reader"]) == (False, ["analytics.reader_of_tea_leaves -> psycopg"])
