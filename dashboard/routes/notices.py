"""What the link in a message opens; for who has the link, without signing in."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request, Response
from msgspec import Meta

from dashboard.notices import Link, Notice, acknowledge_by_link, open_link, pass_on, read_notice
from dashboard.routes.answers import ID_MOST, WithParts, json_answer
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.whence import Hand, Whence, whence

router = APIRouter(prefix="/api/notices/{token}")
_Token = Annotated[str, Path(min_length=43, max_length=43, pattern="^[A-Za-z0-9_-]+$")]


class Answering(msgspec.Struct, forbid_unknown_fields=True):
    """Which of the message's alarms is taken on."""

    alarm_id: Annotated[int, Meta(ge=0, le=ID_MOST)]


def _by_link(request: Request) -> Whence:
    at = whence(request)
    return Whence(at.address, f"link, {at.agent}")


async def _link(request: Request, parts: WithParts, token: str) -> Link:
    # A page of another site that has the link could act as well without us; still, ours are the only ones that may.
    parts.access.check_origin(request.headers, required=False)
    return await open_link(parts.database, token)


@router.get("", responses=gives(Notice))
async def get_notice(token: _Token, request: Request, parts: WithParts) -> Response:
    """Return what a message is about. This changes nothing: mail scanners open links, too."""
    link = await _link(request, parts, token)
    async with parts.database.connection_as(link.viewer) as connection:
        return json_answer(await read_notice(connection, link))


@router.post("/acknowledgement", openapi_extra=takes(Answering), responses=gives(Notice))
async def post_acknowledgement(token: _Token, request: Request, parts: WithParts) -> Response:
    """Acknowledge one of the message's alarms, in the name of who was told."""
    said = await read_body(request, Answering)
    link = await _link(request, parts, token)
    async with parts.database.connection_as(link.viewer) as connection:
        hand = Hand(connection, link.viewer, _by_link(request))
        return json_answer(await acknowledge_by_link(hand, link, said.alarm_id))


@router.post("/passing", responses=gives(Notice))
async def post_passing(token: _Token, request: Request, parts: WithParts) -> Response:
    """Say that who was told cannot: the next is told at once."""
    link = await _link(request, parts, token)
    async with parts.database.connection_as(link.viewer) as connection:
        return json_answer(await pass_on(Hand(connection, link.viewer, _by_link(request)), link))
