"""Told on one's own device: signing a browser up for Web Push, what a push shows, and signing it off."""

from typing import Any, Final

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.pages import wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

#: A browser under test has no push service of its maker's: the subscription is made here, of the shape that one has.
_SUBSCRIBE: Final = """
const keys = { p256dh: "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
               auth: "tBHItJI5svbpez7KI4CCXg" };
let subscribed = null;
PushManager.prototype.subscribe = async options => {
  window.serverKey = [...new Uint8Array(options.applicationServerKey)];
  const endpoint = "https://push.example/device-of-nora";
  const toJSON = () => ({ endpoint, expirationTime: null, keys });
  subscribed = { endpoint, toJSON, unsubscribe: async () => { subscribed = null; return true; } };
  return subscribed;
};
PushManager.prototype.getSubscription = async () => subscribed;
"""
_CONTACTS: Final = "SELECT label, kind FROM contacts JOIN users USING (user_id) WHERE login = %s AND removed_at IS NULL"
_SHOWN: Final = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
    .map(({ title, body, requireInteraction, data }) => ({ title, body, requireInteraction, data }))"""


@pytest.fixture(scope="module")
def owner(stack: WardStack) -> User:
    """Somebody with no channels of others' tests."""
    return stack.add_user("Olga Owner")


@pytest.fixture
def page(sign_in: SignIn, owner: User) -> Page:
    page = sign_in(owner, permissions=["notifications"])
    page.add_init_script(_SUBSCRIBE)
    page.reload()
    return page


def _menu(page: Page) -> None:
    page.locator("button.person").click()
    expect(page.get_by_label("Tell me on this device")).to_be_enabled()


def test_a_device_is_signed_up_shows_what_comes_and_is_signed_off(stack: WardStack, page: Page, owner: User) -> None:
    _menu(page)
    page.get_by_label("Tell me on this device").click()
    expect(page.get_by_role("button", name="Send a test")).to_be_visible()
    assert stack.query(_CONTACTS, owner.login) == [("Chrome, Linux", "web_push")]
    assert len(page.evaluate("window.serverKey")) == 65, "a point of P-256, uncompressed"
    page.reload()
    _menu(page)
    expect(page.get_by_label("Tell me on this device")).not_to_be_checked()  # the subscription went with the page
    _judge_push(page)
    page.get_by_label("Tell me on this device").click()
    expect(page.get_by_role("button", name="Send a test")).to_be_visible()
    assert len(stack.query(_CONTACTS, owner.login)) == 1, "one device is one channel, however often it is signed up"
    page.get_by_label("Tell me on this device").click()
    expect(page.get_by_role("button", name="Send a test")).to_have_count(0)
    expect(page.get_by_label("Tell me on this device")).to_be_enabled()  # it is done
    assert page.evaluate("localStorage.getItem('heartwire.push_contact')") is None
    assert stack.query(_CONTACTS, owner.login) == []


def _judge_push(page: Page) -> None:
    """Let the browser hand its worker what a push service would; see what the person sees."""
    session = page.context.new_cdp_session(page)
    registration = _registration(page, session)
    said = '{"title": "Asystole", "body": "Ward 3, bed 4", "priority": "high", "link": "/n/abc"}'
    for data in (said, "not what we send"):
        session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": page.evaluate("location.origin"), "registrationId": registration, "data": data},
        )
    wait_for(page, lambda: len(page.evaluate(_SHOWN)) == 2, "both to be shown")
    shown = sorted(page.evaluate(_SHOWN), key=lambda one: str(one["title"]))
    assert shown[0] == {
        "title": "Asystole",
        "body": "Ward 3, bed 4",
        "requireInteraction": True,
        "data": {"link": "/n/abc"},
    }
    assert shown[1]["title"] == "heartwire"  # whatever comes is shown: a silent push would cost the right to be pushed


def _registration(page: Page, session: CDPSession) -> str:
    found: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    session.send("ServiceWorker.enable")
    wait_for(page, lambda: found != [], "the worker's registration")
    return str(found[0]["registrationId"])


def test_a_browser_that_refuses_says_how_to_change_that(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    page.locator("button.person").click()
    menu = page.get_by_role("dialog")
    menu.get_by_label("Tell me on this device").click()  # the browser of a test answers no for the person
    expect(menu).to_contain_text("Notifications are switched off for this address")
