"""The demo's care team: let in, reachable, on call; each start finds what is missing and leaves the rest alone."""

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from simulators.demo_api import Signed
from simulators.demo_home import Home
from simulators.demo_mailbox import Mailbox
from simulators.demo_stories import (
    ADMINISTRATOR,
    COLLEAGUE,
    EAST,
    NURSE,
    PHYSICIAN,
    RECORDS,
    SURGERY,
    TEAM,
    TECHNICIAN,
    WEST,
    Member,
)

#: Who is told first, second, third when nobody answers, by ward; of what is no ward's, the system itself, without one.
_ON_CALL: Final[Mapping[str | None, tuple[Member, ...]]] = MappingProxyType(
    {
        EAST: (NURSE, COLLEAGUE, PHYSICIAN),
        WEST: (NURSE, COLLEAGUE, PHYSICIAN),
        SURGERY: (PHYSICIAN,),
        None: (TECHNICIAN,),
    }
)
_REACHED: Final = (NURSE, COLLEAGUE, PHYSICIAN, TECHNICIAN)
_DAY_US: Final = 86_400_000_000
_DUTY_US: Final = 7 * _DAY_US
_LABEL: Final = "Phone (the demo's page of messages)"


def sign_in(home: Home, port: int, member: Member) -> Signed:
    """Sign somebody in by the password that the demo keeps.

    Raises
    ------
    ApiRefusedError
        If he is not let in: somebody gave him another password.
    """
    return Signed(port, member.login, home.password(member.login)[1])


def let_in(home: Home, port: int, *, are_records: bool) -> None:
    """Let those sign in who cannot yet; the administrator does it. Where records are played, their ward is everybody's.

    Raises
    ------
    ApiRefusedError
        If the pages' server does not do it.
    """
    missing = [member for member in TEAM if not home.has_password(member.login)]
    if not missing and not are_records:
        return
    with sign_in(home, port, ADMINISTRATOR) as administrator:
        known = {person["login"]: person for person in administrator.get("/people")["people"]}
        wards = _wards(administrator)
        for member in missing:
            if member.login in known:
                fresh = administrator.post(f"/people/{known[member.login]['id']}/password")
            else:
                fresh = administrator.post("/people", {"login": member.login, **_person(member, wards)})
            home.keep_password(member.login, fresh["password"])
        for member in TEAM:
            person = known.get(member.login)
            if (
                person is not None
                and person["wards"] is not None
                and wards.get(RECORDS) not in {None, *person["wards"]}
            ):
                administrator.put(f"/people/{person['id']}", _person(member, wards))


def make_reachable(administrator: Signed, mailbox: Mailbox) -> None:
    """Give the people on call a phone, which is the demo's page of messages, and put them on call for a week.

    Raises
    ------
    ApiRefusedError
        If the pages' server does not do it.
    """
    ids = {person["login"]: int(person["id"]) for person in administrator.get("/people")["people"]}
    theirs = {contact["user_id"]: contact for contact in administrator.get("/contacts")["contacts"]}
    for member in _REACHED:
        contact = theirs.get(ids[member.login])
        if contact is not None and contact["label"] == _LABEL and contact["failing"]:
            administrator.delete(f"/contacts/{contact['id']}")  # the page has another port now
            contact = None
        if contact is None:
            body = {"label": _LABEL, "user_id": ids[member.login], "address": mailbox.address(member.login)}
            administrator.post("/contacts", body)
    _put_on_call(administrator, ids)


def _put_on_call(administrator: Signed, ids: Mapping[str, int]) -> None:
    now_us = time.time_ns() // 1000
    there = administrator.get(f"/on-call?from_us={now_us}&to_us={now_us + _DAY_US}")["on_call"]
    known = {(duty["ward"], duty["step"]) for duty in there}
    wards = {None, *_wards(administrator)}
    begin_us = now_us - now_us % _DAY_US
    for ward, members in _ON_CALL.items():
        for step, member in enumerate(members, start=1):
            if ward in wards and (ward, step) not in known:
                duty = {"user_id": ids[member.login], "step": step, "ward": ward}
                administrator.post("/on-call", duty | {"from_us": begin_us, "to_us": begin_us + _DUTY_US})


def set_zone(administrator: Signed) -> None:
    """Let wards that nobody gave a zone be where this machine is, as far as it says so.

    Raises
    ------
    ApiRefusedError
        If the pages' server does not do it.
    """
    zone = _zone_here()
    if zone is None:
        return
    for ward in administrator.get("/wards")["wards"]:
        if ward["zone"] == "UTC" != zone:
            administrator.put(f"/wards/{ward['id']}", {"name": ward["name"], "zone": zone})


def _zone_here() -> str | None:
    """Return this machine's zone by its IANA name (Linux, macOS)."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    return name if found and "/" in name and not name.startswith("Etc/") else None


def _wards(administrator: Signed) -> dict[str, int]:
    return {ward["name"]: int(ward["id"]) for ward in administrator.get("/wards")["wards"]}


def _person(member: Member, wards: Mapping[str, int]) -> dict[str, Any]:
    seen = None if member.wards is None else [wards[name] for name in member.wards if name in wards]
    return {"name": member.name, "role": member.role, "wards": seen}
