"""What the demo looks at before it starts."""

import importlib.util
import os
import socket
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from simulators import demo_checks
from simulators.demo_checks import choose_dashboard_port, find_listener, require_pages
from simulators.demo_home import DemoError


def test_pages_that_are_not_built_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModuleSpec("dashboard", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    with pytest.raises(DemoError, match=r"not built.*make setup"):
        require_pages()
    (tmp_path / "web" / "dist").mkdir(parents=True)
    (tmp_path / "web" / "dist" / "index.html").write_text("<!doctype html>", encoding="utf-8")
    require_pages()


def test_a_taken_default_port_gives_way_and_a_wanted_one_does_not(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_checks, "DEFAULT_PORT", free_port)
    assert choose_dashboard_port(None) == free_port
    assert choose_dashboard_port(free_port) == free_port
    with socket.create_server(("127.0.0.1", free_port)):
        assert choose_dashboard_port(None) > free_port
        with pytest.raises(DemoError, match=rf"port {free_port} is taken by .*\(process {os.getpid()}\).*--port"):
            choose_dashboard_port(free_port)
    assert find_listener(free_port) is None
