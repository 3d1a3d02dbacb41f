"""The patient's app is served with a policy of its own, and nothing else is served there."""

import asyncio
from pathlib import Path

import pytest
from fastapi import Response
from starlette.exceptions import HTTPException

from dashboard.routes.phone import PhoneApp, policy
from dashboard.settings import DashboardSettings


@pytest.mark.parametrize(
    ("url", "connect"),
    [
        (None, "connect-src 'self';"),
        ("wss://ward.example.org:8884/mqtt", "connect-src 'self' wss://ward.example.org:8884;"),
        ("ws://127.0.0.1:9001", "connect-src 'self' ws://127.0.0.1:9001;"),
    ],
)
def test_the_app_speaks_with_this_server_and_the_broker_only(url: str | None, connect: str) -> None:
    assert connect in policy(url)
    assert "unsafe" not in policy(url)


def _get(folder: Path, path: str) -> Response:
    settings = DashboardSettings.load(database="postgresql://nowhere/heartwire", phone=folder)
    scope = {"type": "http", "method": "GET", "path": f"/phone/{path}", "headers": []}
    return asyncio.run(PhoneApp(settings).get_response(path, scope))


@pytest.mark.parametrize(
    ("path", "kept"), [("index.html", "no-cache"), ("sw.js", "no-cache"), ("assets/app-1.js", "immutable")]
)
def test_files_that_change_are_asked_for_anew_and_others_are_kept(tmp_path: Path, path: str, kept: str) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / path).write_text("", encoding="utf-8")
    answer = _get(tmp_path, path)
    assert answer.status_code == 200
    assert kept in answer.headers["cache-control"]
    assert "bluetooth=(self)" in answer.headers["permissions-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_an_app_that_is_not_built_says_so(tmp_path: Path) -> None:
    answer = _get(tmp_path / "nowhere", ".")
    assert answer.status_code == 503
    assert b"not built" in bytes(answer.body)
    with pytest.raises(HTTPException):
        _get(tmp_path / "nowhere", "assets/app-1.js")
