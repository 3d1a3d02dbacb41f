"""Bodies of requests: JSON, bounded, read in one step."""

from typing import Annotated, Final, TypeVar

import msgspec
from fastapi import Request
from msgspec import Meta

from dashboard.errors import ApiError, Code

_BODY_MOST: Final = 4096
_T = TypeVar("_T", bound=msgspec.Struct)


class Shown(msgspec.Struct, forbid_unknown_fields=True):
    """How much of it was shown to who answers: its `additions`."""

    additions: Annotated[int, Meta(ge=0, le=2**31 - 1)]


async def read_body(request: Request, kind: type[_T], *, empty: _T | None = None) -> _T:
    """Return the request's body; `empty` where there is none, if that is allowed.

    Raises
    ------
    ApiError
        `INVALID` where it is too long, no JSON, or a field is missing, unknown or out of bounds.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _BODY_MOST:
            raise ApiError(Code.INVALID, field="body")
    if not body and empty is not None:
        return empty
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(Code.INVALID, field="body") from None
