"""What somebody does who has an account elsewhere already: presses its button, signs in there, and out again."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import TIMEOUT_MS, Complaints, SignIn
from tests.browser.pages import barriers_of
from tests.browser.ward_stack import WardStack
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.openid_provider import CLIENT, SECRET, OpenIdProvider
from tests.servers.plain_http import answers
from tests.servers.process import Process
from tests.servers.waiting import find_free_port

_TABLE = """
[hospital]
name = "hospital account"
issuer = "{issuer}"
client_id = "{client}"
client_secret_file = "{secret}"
role_claim = "groups"
roles = {{nurses = "nurse"}}
makes_users = true

[away]
name = "national eID"
issuer = "http://127.0.0.1:{nobody}"
client_id = "heartwire"
"""
OpenPages = Callable[..., Page]


@pytest.fixture(scope="module")
def provider(stack: WardStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdProvider]:
    """A real provider on another site, and pages that know it."""
    directory = tmp_path_factory.mktemp("openid")
    port = find_free_port()
    pages = f"http://127.0.0.1:{port}"
    try:
        provider = OpenIdProvider(directory, pages)
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    server = _serve(stack, directory, provider, port)
    provider.start()
    server.start(lambda: answers(f"{pages}/api/health"))
    yield provider
    server.kill()
    provider.process.kill()


def _serve(stack: WardStack, directory: Path, provider: OpenIdProvider, port: int) -> Process:
    (directory / "secret").write_text(SECRET, encoding="utf-8")
    file = directory / "providers.toml"
    file.write_text(
        _TABLE.format(issuer=provider.issuer, client=CLIENT, secret=directory / "secret", nobody=find_free_port()),
        encoding="utf-8",
    )
    env = stack.broker.env("dashboard") | {
        "HEARTWIRE_DASHBOARD_DATABASE": stack.database,
        "HEARTWIRE_DASHBOARD_OPENID_PROVIDERS": str(file),
        "HEARTWIRE_DASHBOARD_PUBLIC_URL": provider.pages,
        "HEARTWIRE_DASHBOARD_PASSWORD_SIGN_IN": "false",
    }
    return stack.make("dashboard", "serve", "--port", str(port), env=env)


@pytest.fixture
def open_there(browser: Browser, provider: OpenIdProvider, complaints: Complaints) -> Iterator[OpenPages]:
    contexts: list[BrowserContext] = []

    def open_one(path: str, **options: object) -> Page:
        settings = {
            "locale": "en-GB",
            "base_url": provider.pages,
            "viewport": {"width": 1280, "height": 800},
            **options,
        }
        context = browser.new_context(**settings)  # type: ignore[arg-type] # the options are Playwright's own
        context.set_default_timeout(TIMEOUT_MS)
        # The provider's own pages want letters from elsewhere.
        context.route("https://fonts.googleapis.com/**", lambda asked: asked.fulfill(body="", content_type="text/css"))
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()


def _sign_in_there(page: Page, login: str) -> None:
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", "any")
    page.get_by_role("button", name="Sign-in").click()


def test_in_by_the_keyboard_to_where_one_wanted_and_out_everywhere(
    open_there: OpenPages, provider: OpenIdProvider
) -> None:
    provider.say_of("nora", preferred_username="nora-there", name="Nora There", groups=["nurses"])
    page = open_there("/review")
    button = page.get_by_role("button", name="Sign in with hospital account")
    expect(button).to_be_visible()
    expect(page.locator("input[name=password]")).to_have_count(0)
    assert barriers_of(page) == []
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{provider.issuer}/**")
    _sign_in_there(page, "nora")
    page.wait_for_url("**/review")
    assert "code=" not in page.url
    expect(page.locator("button.person")).to_have_accessible_name(re.compile("^Nora There"))
    page.goto("/ward")
    page.wait_for_selector(".tile")
    page.go_back()
    assert "code=" not in page.url, "what holds once is not in the history"
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    # Signing out leads on to the provider, which asks once more and sends back.
    page.locator("button.person").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url(f"{provider.issuer}/**")
    page.get_by_role("button", name=re.compile("yes", re.IGNORECASE)).click()
    page.wait_for_url("**/sign-in")
    button.click()
    # The next one at this computer is asked who he is.
    expect(page.locator("input[name=login]")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-GB", ("Sign in with", "Not let in by hospital account", "Back to the sign-in")),
        ("de-CH", ("Anmelden mit", "Von hospital account nicht hereingelassen", "Zurück zur Anmeldung")),
        ("fr-CH", ("Se connecter avec", "Accès refusé par hospital account", "Retour à la connexion")),
    ],
)
def test_who_cancels_there_is_told_what_to_do_next(
    open_there: OpenPages, complaints: Complaints, locale: str, words: tuple[str, str, str]
) -> None:
    by, denied, again = words
    complaints.wanted_status = 403
    page = open_there("/sign-in", locale=locale, viewport={"width": 390, "height": 844})
    page.get_by_role("button", name=f"{by} hospital account").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text(denied)
    assert barriers_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name=again).click()
    expect(page.get_by_role("button", name=f"{by} hospital account")).to_be_visible()


def test_a_provider_that_is_away_and_an_answer_that_is_used_are_said(
    open_there: OpenPages, provider: OpenIdProvider, complaints: Complaints
) -> None:
    complaints.wanted_status = 503
    page = open_there("/sign-in")
    page.get_by_role("button", name="Sign in with national eID").click()
    expect(page.get_by_role("alert").filter(has_text="No answer from national eID")).to_be_visible()
    complaints.wanted_status = 410
    page.goto("/sign-in/hospital?state=used&code=used")
    expect(page.get_by_role("alert")).to_contain_text("This sign-in holds no more")
    page.get_by_role("button", name="Back to the sign-in").click()
    # By the other button it goes all the same; somebody without a role is told whom to ask.
    complaints.wanted_status = 403
    provider.say_of("vera", preferred_username="vera-there", groups=["visitors"])
    page.get_by_role("button", name="Sign in with hospital account").click()
    _sign_in_there(page, "vera")
    expect(page.get_by_role("alert")).to_contain_text("has no role in heartwire. Ask your administrator")


def test_an_administrator_sees_who_comes_from_elsewhere_and_ends_it(
    stack: WardStack, sign_in: SignIn, open_there: OpenPages, provider: OpenIdProvider, complaints: Complaints
) -> None:
    provider.say_of("wanda", preferred_username="wanda-there", name="Wanda There", groups=["nurses"])
    hers = open_there("/sign-in")
    button = hers.get_by_role("button", name="Sign in with hospital account")
    button.click()
    _sign_in_there(hers, "wanda")
    hers.wait_for_url("**/ward")
    # At a server that takes passwords and does not know the provider: it is told by its address.
    page = sign_in(stack.add_user("Zora Admin", role="admin"))
    page.goto("/admin/people")
    row = page.get_by_role("row").filter(has_text="wanda-there")
    expect(row).to_contain_text(f"signs in by {provider.issuer}")
    complaints.wanted_status = 401
    row.get_by_role("button", name=f"Disconnect from {provider.issuer}: Wanda There").click()
    dialog = page.get_by_role("dialog", name=f"Disconnect Wanda There from {provider.issuer}?")
    expect(dialog).to_contain_text("is signed out everywhere")
    assert barriers_of(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    row.get_by_role("button", name="Disconnect from").click()
    dialog.get_by_role("button", name="Disconnect from").click()
    expect(row).not_to_contain_text("signs in by")
    # She is out within seconds, and the provider's word brings her in no more: that is in the trail.
    expect(button).to_be_visible()
    complaints.wanted_status = 409
    button.click()
    expect(hers.get_by_role("alert")).to_contain_text("wanda-there belongs to somebody here already")
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Audit trail").click()
    trail = page.get_by_role("region", name="Who saw and did what").get_by_role("row")
    refused = trail.filter(has_text="came from a provider and was not let in").filter(has_text="wanda-there")
    expect(refused).to_contain_text("hospital: the sign-in name is")
    expect(refused).to_contain_text("From 127.0.0.1.")
    expect(trail.filter(has_text="disconnected a person from a provider: Wanda There")).to_have_count(1)
