"""Make the pictures of README and docs/tour.md of a running demo: ``make pictures`` beside ``make demo``.

It signs in as the demo's people, by the passwords that the demo keeps, waits until what a picture shows is there, and
writes docs/images/*.png. Begun with the demo (``make demo FRESH=1``), it takes six minutes, most of which it waits for
what the devices recorded. ``--only ward,review`` makes some; ``--sizes phone,tablet,wall --out DIR`` makes the ward and
a patient at each size, dark and light, to look at.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

from setup.report import SetupError, fail, note, step
from tests.servers.install import find_chromium
from tests.servers.missing import ServerMissingError

Theme = Literal["dark", "light"]
_ROOT: Final = Path(__file__).resolve().parent.parent
_IMAGES: Final = _ROOT / "docs" / "images"
_THEMES: Final[tuple[Theme, ...]] = ("dark", "light")
#: A clone brings them all: none may be larger, bytes.
_LARGEST: Final = 150_000
_COLOURS: Final = 256
#: What the demo's devices recorded before is analysed by then.
_TIMEOUT_MS: Final = 480_000
#: Waves fill the widest lead in 20 s.
_FILL_MS: Final = 21_000
_SETTLE_MS: Final = 4_000
#: What a device delivers now is not older; what it recorded before the demo is.
_LATELY_US: Final = 600_000_000
#: A record is whole when so much of it is there.
_WHOLE: Final = 0.97
#: A little less than the demo's devices recorded before (`simulators.demo_ward.RECORDED_S`).
_RECORDED_US: Final = 14_000_000_000
_CHROMIUM_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",  # a ward's screen that may sound
)


class Size(NamedTuple):
    """A screen, CSS px."""

    width: int
    height: int


SIZES: Final = {"phone": Size(390, 844), "tablet": Size(1024, 768), "wall": Size(1920, 1080)}
_PAGE: Final = Size(1280, 720)


class Demo(NamedTuple):
    """A demo that runs: its pages, its phones, and the directory with its passwords."""

    url: str
    phones: str
    directory: Path

    def password(self, login: str) -> str:
        """Return a user's password."""
        return (self.directory / f"{login}.password").read_text(encoding="utf-8").strip()


class Shot(NamedTuple):
    """One picture: who sees it, and how one comes there."""

    login: str
    come: Callable[[Page, Demo], None]
    size: Size = _PAGE


def find_demo(home: Path) -> Demo:
    """Return the demo that runs in a home.

    Raises
    ------
    SetupError
        If none does.
    """
    directory = home / "demo"
    try:
        said = json.loads((directory / "lock").read_text(encoding="utf-8"))
        return Demo(str(said["url"] or ""), str(said["phones"] or ""), directory)
    except (OSError, ValueError, KeyError) as error:
        raise SetupError(
            f"no demo runs in {directory} ({error}); start one with `make demo`, in another terminal"
        ) from None


@contextmanager
def _browser() -> Iterator[Browser]:
    try:
        chromium = find_chromium()
    except ServerMissingError as missing:
        raise SetupError(str(missing)) from None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _signed_in(browser: Browser, demo: Demo, login: str, size: Size, theme: Theme) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": size.width, "height": size.height},
        color_scheme=theme,
        locale="en-GB",
        has_touch=size == SIZES["phone"],
    )
    context.set_default_timeout(_TIMEOUT_MS)
    try:
        page = context.new_page()
        page.goto(demo.url)
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", demo.password(login))
        page.click("form button")
        page.wait_for_selector("button.person")
        yield page
    finally:
        context.close()


def _api(page: Page, path: str) -> Any:  # noqa: ANN401 # JSON
    return page.evaluate("path => fetch(path).then(answer => answer.json())", f"/api{path}")


def _until(page: Page, path: str, holds: Callable[[Any], bool]) -> None:
    """Wait until a condition holds for what the API answers."""
    deadline_s = time.monotonic() + _TIMEOUT_MS / 1000
    while not holds(_api(page, path)):
        if time.monotonic() > deadline_s:
            raise SetupError(f"what a picture shows did not come; {path} does not answer as it should")
        page.wait_for_timeout(_SETTLE_MS)


def _patient(page: Page, name: str) -> int:
    patients = _api(page, "/ward")["patients"]
    return next(int(patient["id"]) for patient in patients if patient["name"] == name)


def _ward(page: Page, _demo: Demo) -> None:
    page.wait_for_selector(".tile .alarm-bar")
    page.mouse.move(0, 0)
    page.wait_for_timeout(_FILL_MS)


def _story(page: Page, demo: Demo) -> None:
    """Of an asystole that somebody has acknowledged."""
    arthur = _patient(page, "Arthur Lindqvist")
    path = f"/patients/{arthur}/alarms?limit=100"

    def answered(answer: Any) -> list[int]:  # noqa: ANN401 # JSON
        alarms = answer["alarms"]
        return [
            each["id"] for each in alarms if each["call"] == "asystole" and not each["late"] and each["acknowledged"]
        ]

    _until(page, path, lambda answer: bool(answered(answer)))
    page.goto(f"{demo.url}/alarm/{answered(_api(page, path))[0]}")


def _record(page: Page, demo: Demo) -> None:
    """Of the one who fibrillates, when all that his device recorded is there."""
    tomas = _patient(page, "Tomás Herrera")
    now_us = _api(page, "/ward")["now_us"]
    stored = f"/patients/{tomas}/stored?from_us={now_us - _RECORDED_US}&to_us={now_us}&bucket_s=60"
    _until(page, stored, lambda answer: sum(answer["coverage"]) > _WHOLE * len(answer["coverage"]))
    page.goto(f"{demo.url}/patient/{tomas}")
    page.locator(".disclosure").scroll_into_view_if_needed()
    page.wait_for_timeout(_FILL_MS)


def _late(page: Page, demo: Demo) -> None:
    """Of the one who was out of reach, when his device has delivered what his heart did meanwhile."""
    kwame = _patient(page, "Kwame Boateng")
    since_us = _api(page, "/ward")["now_us"] - _LATELY_US

    def is_there(answer: Any) -> bool:  # noqa: ANN401 # JSON
        alarms = answer["alarms"]
        wanted = (True, "ventricular_tachycardia")
        return any((each["late"], each["call"]) == wanted and each["onset_us"] > since_us for each in alarms)

    _until(page, f"/patients/{kwame}/alarms?limit=100", is_there)
    page.goto(f"{demo.url}/patient/{kwame}")
    page.wait_for_timeout(_FILL_MS)


def _review(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/review")


def _numbers(page: Page, demo: Demo) -> None:
    _until(page, "/statistics/alarms?days=7", lambda answer: any(one["suggestion"] for one in answer["limits"]))
    page.goto(f"{demo.url}/statistics")


def _phones(page: Page, demo: Demo) -> None:
    page.goto(demo.phones)
    page.wait_for_selector("article.failure")


def _notice(page: Page, demo: Demo) -> None:
    _phones(page, demo)
    page.context.clear_cookies()  # on a phone that nobody is signed in on
    page.locator("article.failure a").first.click()


def _on_call(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/admin/on-call")


def _audit(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/admin/audit")


def _words(page: Page, demo: Demo) -> None:
    arthur = _patient(page, "Arthur Lindqvist")
    _until(page, f"/patients/{arthur}/symptoms", lambda answer: bool(answer["symptoms"]))
    page.goto(f"{demo.url}/patient/{arthur}")
    page.wait_for_timeout(_SETTLE_MS)  # what is above it grows
    page.get_by_role("heading", name="Symptoms", exact=True).scroll_into_view_if_needed()
    page.get_by_role("heading", name="Messages", exact=True).scroll_into_view_if_needed()


_PHONE: Final = SIZES["phone"]
#: In this order: what comes later in a demo's life stands later.
SHOTS: Final[Mapping[str, Shot]] = MappingProxyType(
    {
        "ward": Shot("nurse", _ward, Size(1000, 700)),
        "phones": Shot("nurse", _phones, Size(900, 560)),
        "notice": Shot("nurse", _notice, _PHONE),
        "words": Shot("nurse", _words),
        "story": Shot("nurse", _story, Size(1240, 840)),
        "review": Shot("nurse", _review),
        "on-call": Shot("administrator", _on_call),
        "audit": Shot("administrator", _audit),
        "numbers": Shot("nurse", _numbers),
        "late": Shot("nurse", _late, Size(1080, 560)),
        "patient": Shot("nurse", _record, Size(1080, 840)),
    }
)


def make_pictures(demo: Demo, out: Path, names: Sequence[str]) -> None:
    """Write these pictures.

    Raises
    ------
    SetupError
        If there is no browser, or the pages do not answer as they should.
    """
    with _photographing(demo, out) as browser:
        for name in names:
            shot = SHOTS[name]
            with (
                step(f"Photographing {name}"),
                _signed_in(browser, demo, shot.login, shot.size, "dark") as page,
            ):
                shot.come(page, demo)
                page.wait_for_timeout(_SETTLE_MS)
                _keep(page.screenshot(), out / f"{name}.png")


def make_sizes(demo: Demo, out: Path, sizes: Sequence[str]) -> None:
    """Write the ward and a patient at each size, dark and light (raises as `make_pictures`)."""
    with _photographing(demo, out) as browser:
        for size, theme in [(size, theme) for size in sizes for theme in _THEMES]:
            with (
                step(f"Photographing ward and patient ({size}, {theme})"),
                _signed_in(browser, demo, "nurse", SIZES[size], theme) as page,
            ):
                _ward(page, demo)
                page.screenshot(path=out / f"ward-{size}-{theme}.png")
                page.locator(".tile h2 a").first.click()
                page.wait_for_timeout(_FILL_MS)
                page.screenshot(path=out / f"patient-{size}-{theme}.png", full_page=True)


def _keep(png: bytes, path: Path) -> None:
    """Write a picture with a palette of its own colours: a third of the bytes, and nobody sees it."""
    with Image.open(BytesIO(png)) as picture:
        picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > _LARGEST:
        raise SetupError(f"{path} has {path.stat().st_size:,} bytes, {_LARGEST:,} at most; make its page smaller")


@contextmanager
def _photographing(demo: Demo, out: Path) -> Iterator[Browser]:
    out.mkdir(parents=True, exist_ok=True)
    try:
        with _browser() as browser:
            yield browser
    except Error as problem:
        reason = problem.message.splitlines()[0]
        raise SetupError(f"{demo.url}: {reason}. Does `make demo` still run?") from None
    note(f"The pictures are in {out}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and make the pictures."""
    parser = argparse.ArgumentParser(prog="python -m setup.screenshots", description=__doc__.splitlines()[0])
    home = Path(os.environ.get("HEARTWIRE_HOME") or ".heartwire")
    parser.add_argument("--home", type=Path, default=home, help="HEARTWIRE_HOME of the demo (default: %(default)s)")
    parser.add_argument(
        "--only", help=f"comma-separated, of {', '.join(SHOTS)} (default: all)", default=",".join(SHOTS)
    )
    parser.add_argument("--sizes", help=f"instead: ward and patient at sizes, of {', '.join(SIZES)}")
    parser.add_argument("--out", type=Path, default=_IMAGES, help="folder of the pictures (default: docs/images)")
    given = parser.parse_args(arguments)
    names, known = (given.sizes.split(","), SIZES) if given.sizes else (given.only.split(","), SHOTS)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"unknown {unknown[0]!r}; choose of {', '.join(known)}")
    (make_sizes if given.sizes else make_pictures)(find_demo(given.home), given.out, names)


if __name__ == "__main__":
    try:
        main()
    except (SetupError, OSError) as problem:
        fail(problem)
    except KeyboardInterrupt:
        sys.exit(130)
