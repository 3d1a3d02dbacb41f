"""Bodies of requests: JSON, bounded, read in one step."""

from typing import Final, TypeVar

import msgspec
from fastapi import Request

from dashboard.errors import ApiError, Code

_BODY_MOST: Final = 4096
_T = TypeVar("_T", bound=msgspec.Struct)


async def read_body(request: Request, kind: type[_T]) -> _T:
    """Return the request's body.

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
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError(Code.INVALID, field="body") from None
