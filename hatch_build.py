"""Build hook: a wheel carries the care team's pages and the patient's app, ready to serve.

A wheel from a clone builds them with Node (the system's, or the one in the Python package index). The
source distribution carries them built, so that a wheel from it needs no Node. An editable install leaves
them alone: ``make setup`` builds them.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PagesBuildHook(BuildHookInterface):  # type: ignore[type-arg] # hatchling ships no types
    """Builds dashboard/web and edge/phone before the files of a distribution are collected."""

    def dependencies(self) -> list[str]:
        """Ask for Node from the Python package index where pages are to be built and the system has none."""
        node, pages = self._modules()
        wanted = self._has_pages() and not pages.pages_are_built() and not node.has_system_node()
        return [node.NODE_REQUIREMENT] if wanted else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages unless they are current."""
        del build_data
        if not self._has_pages():
            return
        if version == "editable":
            self.app.display_info("Editable install: the pages are left alone (`make setup` builds them).")
            return
        _, pages = self._modules()
        pages.build()

    def _has_pages(self) -> bool:
        return (Path(self.root) / "dashboard" / "web" / "package.json").exists()

    def _modules(self) -> tuple[Any, Any]:
        """Import the set-up's modules, which stand beside this file and not on a build's path."""
        if self.root not in sys.path:
            sys.path.insert(0, self.root)
        from setup import node, pages  # noqa: PLC0415 # only now are they to be found

        return node, pages
