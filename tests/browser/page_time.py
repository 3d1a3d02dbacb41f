"""Pages whose minutes pass in seconds, and whose clock may be wrong.

Date, performance and every timer of the pages are Playwright's, and tell one time, in which the strap speaks and the
app works. That time begins in the past and is let run until it has come up to the true one: only then is a page to
speak with the server again, so that what arrives says when it was made. Until then the server's word about the time is
as old as the page's, so that nothing in the pages' world disagrees.
"""

import json
import math
import time
from typing import Final

from playwright.sync_api import BrowserContext, Page, Route

#: A packet's time or less, so that no two of them come at once.
_STEP_MS: Final = 500


class PageTime:
    """The time of a context's pages; to be made before the first of them is opened.

    Parameters
    ----------
    behind_s : float
        How far in the past it begins.
    wrong_s : float
        What the pages' clock says, less that time.
    """

    def __init__(self, context: BrowserContext, *, behind_s: float, wrong_s: float = 0.0) -> None:
        self._context: Final = context
        self._wrong_s: Final = wrong_s
        self._behind_s = behind_s
        self._is_cut = False
        context.clock.install(time=time.time() - behind_s + wrong_s)
        context.route("**/api/my", self._tell)

    def cut(self) -> None:
        """Let the pages have no network."""
        self._is_cut = True
        self._context.set_offline(True)

    def us(self, page: Page) -> int:
        """Return what time it is on a page, microseconds UTC: not what its clock says."""
        return self._of(page, "Date.now()")

    def began_us(self, page: Page) -> int:
        """Return when the strap said the first packet, by that time."""
        return self._of(page, "strap.pageMs")

    def run(self, page: Page, seconds: float) -> None:
        """Let so much time pass."""
        for _ in range(math.ceil(seconds * 1000 / _STEP_MS)):
            self._pass(page, _STEP_MS)

    def arrive(self, page: Page) -> None:
        """Let time pass until it is now, and go on by itself from there."""
        while (left_ms := round((time.time() * 1e6 - self.us(page)) / 1000)) > 0:
            self._pass(page, min(left_ms, _STEP_MS))
        self._context.unroute("**/api/my", self._tell)

    def _of(self, page: Page, said: str) -> int:
        said_ms = page.evaluate(said)
        assert isinstance(said_ms, int | float)
        return round(said_ms * 1000 - self._wrong_s * 1e6)

    def _pass(self, page: Page, ms: int) -> None:
        page.clock.run_for(ms)
        self._behind_s -= ms / 1000

    def _tell(self, route: Route) -> None:
        if self._is_cut:
            route.abort("internetdisconnected")
            return
        answer = route.fetch()
        said = json.loads(answer.body())
        route.fulfill(response=answer, json=said | {"now_us": said["now_us"] - round(self._behind_s * 1e6)})
