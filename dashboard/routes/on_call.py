"""Who is told of alarms that nobody answers: contacts, rosters, delays."""

import base64
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Meta

from dashboard import contacts as reach
from dashboard import rosters as stored
from dashboard.access import Viewer
from dashboard.contacts import Contact
from dashboard.errors import ApiError, Code
from dashboard.permissions import Permission
from dashboard.rosters import Chain, Duty, NewChain, NewDuty
from dashboard.routes.answers import ID_MOST, Id, SmallId, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.routes.stretches import US_MOST
from heartwire.channels import PushSubscription
from heartwire.push_key import KEEP_KEY, load_key, new_key, public_bytes

Seer = Annotated[Viewer, Depends(needs(Permission.SEE_WARD))]
Manager = Annotated[Viewer, Depends(needs(Permission.MANAGE_ROSTERS))]
router = APIRouter(prefix="/api")
_WithUs = Annotated[int, Query(ge=0, le=US_MOST)]


class Contacts(msgspec.Struct, frozen=True):
    """Ways to reach people."""

    contacts: list[Contact]


class NewContact(msgspec.Struct, forbid_unknown_fields=True):
    """A way to reach somebody: an address as apprise writes it (of anybody), or this browser (one's own)."""

    label: Annotated[str, Meta(min_length=1, max_length=100)]
    user_id: Annotated[int, Meta(ge=0, le=ID_MOST)] | None = None
    address: Annotated[str, Meta(min_length=1, max_length=1_000)] | None = None
    subscription: PushSubscription | None = None


class Duties(msgspec.Struct, frozen=True):
    """Who is on call."""

    on_call: list[Duty]


class Chains(msgspec.Struct, frozen=True):
    """The delays."""

    chains: list[Chain]


class PushKey(msgspec.Struct, frozen=True):
    """The server's public key, as browsers want it (`applicationServerKey`), base64url."""

    key: str


@router.get("/contacts", responses=gives(Contacts))
async def get_contacts(viewer: Seer, parts: WithParts) -> Response:
    """Return one's own ways to be reached; everybody's for who manages rosters."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(Contacts(await reach.contacts(connection, viewer)))


@router.post("/contacts", openapi_extra=takes(NewContact), responses=gives(Contact, 201), status_code=201)
async def post_contact(request: Request, viewer: Seer, parts: WithParts) -> Response:
    """Add a way to reach somebody: a browser of one's own, or (who manages rosters) an address of anybody."""
    new = await read_body(request, NewContact)
    if (new.address is None) == (new.subscription is None):
        raise ApiError(Code.INVALID, field="address")
    label = new.label.strip() or new.label
    if new.subscription is not None:
        async with parts.database.connection_as(viewer) as connection:
            return json_answer(
                await reach.add_browser(connection, viewer, label=label, subscription=new.subscription), 201
            )
    assert new.address is not None
    user_id = viewer.user_id if new.user_id is None else new.user_id
    if not viewer.may(Permission.MANAGE_ROSTERS):
        raise ApiError(Code.FORBIDDEN)
    scheme = await reach.checked_address(new.address)
    async with parts.database.connection_as(viewer) as connection:
        contact = await reach.add_contact(connection, viewer, user_id, label=label, scheme=scheme, address=new.address)
    return json_answer(contact, 201)


@router.delete("/contacts/{contact_id}", status_code=204)
async def delete_contact(contact_id: SmallId, viewer: Seer, parts: WithParts) -> Response:
    """Forget a way to reach somebody."""
    async with parts.database.connection_as(viewer) as connection:
        await reach.remove_contact(connection, viewer, contact_id)
    return Response(status_code=204)


@router.post("/contacts/{contact_id}/test", responses=gives(Contact, 202), status_code=202)
async def post_test(contact_id: SmallId, viewer: Seer, parts: WithParts) -> Response:
    """Send a test; a moment later the contact's last attempt says what became of it."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await reach.send_test(connection, viewer, contact_id), 202)


@router.get("/push-key", responses=gives(PushKey))
async def get_push_key(_viewer: Seer, parts: WithParts) -> Response:
    """Return the key that a browser wants for its subscription."""
    async with parts.database.connection() as connection:
        row = await (await connection.execute(KEEP_KEY, {"new": new_key()})).fetchone()
    assert row is not None
    return json_answer(PushKey(base64.urlsafe_b64encode(public_bytes(load_key(row[0]))).rstrip(b"=").decode()))


@router.get("/on-call", responses=gives(Duties))
async def get_on_call(from_us: _WithUs, to_us: _WithUs, viewer: Seer, parts: WithParts) -> Response:
    """Return who is on call within a stretch of time."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(Duties(await stored.duties(connection, viewer, from_us, to_us)))


@router.post("/on-call", openapi_extra=takes(NewDuty), responses=gives(Duty, 201), status_code=201)
async def post_on_call(request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Put somebody on call."""
    duty = await read_body(request, NewDuty)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.add_duty(connection, viewer, duty), 201)


@router.delete("/on-call/{on_call_id}", status_code=204)
async def delete_on_call(on_call_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Take somebody off call."""
    async with parts.database.connection_as(viewer) as connection:
        await stored.remove_duty(connection, viewer, on_call_id)
    return Response(status_code=204)


@router.get("/escalation-chains", responses=gives(Chains))
async def get_chains(viewer: Seer, parts: WithParts) -> Response:
    """Return after what delays the next is told."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(Chains(await stored.chains(connection, viewer)))


@router.put("/escalation-chains", openapi_extra=takes(NewChain), responses=gives(Chains))
async def put_chain(request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Set the delays of a priority, of one ward or all, or take back what was set."""
    chain = await read_body(request, NewChain)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(Chains(await stored.set_chain(connection, viewer, chain)))
