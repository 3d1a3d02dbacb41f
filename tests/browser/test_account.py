"""What somebody does about his own account: a second factor, the password, where else he is signed in."""

import re
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.authenticator import Authenticator
from tests.browser.conftest import Complaints, OpenPage, SignIn
from tests.browser.pages import barriers_of, choose_language, give_password, tab_to
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_ACCOUNT: Final = "/account"


@pytest.fixture(scope="module")
def admin(stack: WardStack) -> User:
    return stack.add_user("Amy Admin", role="admin")


def _region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def _scan(where: Locator) -> Authenticator:
    """What a person types who cannot scan; the picture says the same (tests/spec/test_rfc6238.py)."""
    where.get_by_text("You cannot scan it?").click()
    return Authenticator(where.locator("code.factor-secret").inner_text())


def _codes(where: Locator) -> list[str]:
    expect(where.locator("ol.codes code")).to_have_count(10)
    return where.locator("ol.codes code").all_inner_texts()


def _turn_on(page: Page, user: User) -> tuple[Authenticator, list[str]]:
    factor = _region(page, "Second factor")
    factor.get_by_label("Your password now").fill(user.password)
    page.keyboard.press("Enter")
    app = _scan(factor)
    assert barriers_of(page) == []
    factor.get_by_label("Type the six digits").fill(app.code())
    page.keyboard.press("Enter")
    recovery = _codes(factor)
    expect(factor).to_contain_text("10 recovery codes are left.")
    factor.get_by_role("button", name="I have it").click()
    expect(factor.locator("ol.codes")).to_have_count(0)
    return app, recovery


def test_a_nurse_sets_up_a_second_factor_and_signs_in_by_keyboard(
    stack: WardStack, sign_in: SignIn, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.wanted_status = 401  # signing in without a code, and the session that was ended
    nurse = stack.add_user("Sina Second")
    page = sign_in(nurse, bypass_csp=True)
    page.locator("button.person").click()
    page.get_by_role("link", name="Your account").click()
    app, recovery = _turn_on(page, nurse)

    # Elsewhere, with keys alone: password, then the code of the app; a wrong one is told with what to do.
    other = open_page("/sign-in", bypass_csp=True, viewport={"width": 390, "height": 844})
    give_password(other, nurse)
    expect(other.get_by_role("heading", name="Second factor")).to_be_visible()
    expect(other.get_by_label("Code", exact=True)).to_be_focused()
    assert barriers_of(other) == []
    complaints.wanted_status = 403
    other.keyboard.type("000000")
    other.keyboard.press("Enter")
    expect(other.get_by_role("alert")).to_contain_text("Wait for the app")
    complaints.wanted_status = 401
    other.keyboard.type(app.code())
    other.keyboard.press("Enter")
    expect(other.locator(".tile").first).to_be_visible()
    # And who lost the phone.
    third = open_page("/sign-in", viewport={"width": 1024, "height": 768})
    give_password(third, nurse)
    tab_to(third, ".sign-in-card button[type=button]")
    third.keyboard.press("Enter")
    expect(third.get_by_label("Recovery code", exact=True)).to_be_focused()
    third.keyboard.type(recovery[7].lower())
    third.keyboard.press("Enter")
    expect(third.locator(".tile").first).to_be_visible()

    # The first page knows of the others, and ends them: one there, then all.
    page.reload()
    sessions = _region(page, "Where you are signed in")
    expect(sessions.get_by_role("row").filter(has_text="password and code")).to_have_count(1)
    row = sessions.get_by_role("row").filter(has_text="password and recovery code")
    row.get_by_role("button", name=re.compile("Sign out there")).click()
    expect(third.locator("input[name=login]")).to_be_visible()
    sessions.get_by_role("button", name="Sign out everywhere else").click()
    expect(other.locator("input[name=login]")).to_be_visible()
    expect(sessions).to_contain_text("You are signed in nowhere else.")
    factor = _region(page, "Second factor")
    expect(factor).to_contain_text("9 recovery codes are left.")
    factor.get_by_label("Your password now").fill(nurse.password)
    factor.get_by_label("Code of the app, or a recovery code").fill(recovery[0])
    factor.get_by_role("button", name="Turn off").click()
    expect(factor).to_contain_text("You have no second factor yet.")


def test_another_password_and_no_barrier_in_any_language(
    stack: WardStack, sign_in: SignIn, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.wanted_status = 403
    nurse = stack.add_user("Petra Password")
    for language, title, scheme in (("de", "Ihr Konto", "light"), ("fr", "Votre compte", "dark")):
        page = sign_in(nurse, color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 844})
        choose_language(page, language)
        page.goto(_ACCOUNT)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.get_by_role("region")).not_to_have_count(0)
        assert barriers_of(page) == []
    page = sign_in(nurse)
    page.goto(_ACCOUNT)
    form = _region(page, "Password")
    fresh = "four words in a row"
    for now, again, said in (
        (nurse.password, "four words in a rwo", "are not the same"),
        ("not my password", fresh, "This is not your password."),
    ):
        form.get_by_label("Your password now").fill(now)
        form.get_by_label("New password", exact=True).fill(fresh)
        form.get_by_label("The new password again").fill(again)
        form.get_by_role("button", name="Change the password").click()
        expect(form.get_by_role("alert")).to_contain_text(said)
    form.get_by_label("Your password now").fill(nurse.password)
    form.get_by_role("button", name="Change the password").click()
    expect(form.get_by_role("status")).to_contain_text("The password is changed")
    complaints.wanted_status = 401
    page = open_page("/sign-in")
    give_password(page, nurse)
    expect(page.get_by_role("alert")).to_contain_text("Wrong user or password.")
    give_password(page, nurse, fresh)
    expect(page.locator(".tile").first).to_be_visible()


def test_an_administrator_asks_a_second_factor_of_a_role_and_resets_one(
    stack: WardStack, sign_in: SignIn, open_page: OpenPage, admin: User, complaints: Complaints
) -> None:
    complaints.wanted_status = 401
    tom = stack.add_user("Tom Tester", role="tester")
    page = sign_in(admin)
    page.goto("/admin/people")
    roles = _region(page, "Whose password alone does not do")
    roles.get_by_label("Tester").check()
    roles.get_by_role("button", name="Save").click()
    expect(roles.get_by_role("status")).to_contain_text("It holds from the next sign-in on.")
    try:
        his = open_page("/sign-in", bypass_csp=True)
        give_password(his, tom)
        expect(his.get_by_role("heading", level=1)).to_have_text("Your role needs a second factor")
        app = _scan(his.get_by_role("main"))
        assert barriers_of(his) == []
        his.goto("/ward")
        expect(his.locator("input[name=login]")).to_be_visible()
        give_password(his, tom)  # he comes back to it, with another secret
        app = _scan(his.get_by_role("main"))
        his.get_by_label("Type the six digits").fill(app.code())
        his.keyboard.press("Enter")
        _codes(his.get_by_role("main"))
        his.get_by_role("button", name="I have kept them: go on").click()
        expect(his.locator(".tile").first).to_be_visible()
        page.reload()
        row = page.get_by_role("row").filter(has_text="Tom Tester")
        expect(row).to_contain_text("+ second factor")
        row.get_by_role("button", name="Reset second factor: Tom Tester").click()
        sure = page.get_by_role("dialog", name="Reset the second factor of Tom Tester?")
        expect(sure).to_contain_text("Make sure that it is Tom Tester who asks.")
        sure.get_by_role("button", name="Reset second factor").click()
        expect(row).not_to_contain_text("+ second factor")
        expect(his.locator("input[name=login]")).to_be_visible()
    finally:  # testers of other tests have none
        stack.query("DELETE FROM second_factor_roles")
