"""What waits for a screen is bounded, and a screen that cannot follow is told apart from one that can."""

import asyncio

from dashboard.access import Viewer
from dashboard.clients import Client

_VIEWER = Viewer(1, "nurse", "N", "nurse", "en", 1, "", b"")


def test_what_waits_comes_out_as_one_message_in_order() -> None:
    async def scenario() -> list[bytes]:
        client = Client(_VIEWER, 10, 100)
        waiting = asyncio.create_task(client.take())
        await asyncio.sleep(0)
        client.offer(b"one")
        client.offer(b"three")
        together = await waiting
        client.offer(b"alone")
        return [together, await client.take()]

    assert asyncio.run(scenario()) == [b"\x04\x03\0\0\0one\x05\0\0\0three", b"alone"]


def test_too_many_messages_make_a_screen_too_slow() -> None:
    client = Client(_VIEWER, 3, 100)
    for _ in range(3):
        client.offer(b"x")
    assert not client.too_slow.is_set()
    client.offer(b"x")
    assert client.too_slow.is_set()


def test_too_many_bytes_make_a_screen_too_slow() -> None:
    client = Client(_VIEWER, 1000, 10)
    client.offer(b"12345")
    client.offer(b"12345")
    assert not client.too_slow.is_set()
    client.offer(b"1")
    assert client.too_slow.is_set()


def test_what_was_taken_makes_room() -> None:
    async def scenario() -> bool:
        client = Client(_VIEWER, 2, 10)
        for _ in range(50):
            client.offer(b"1234567890")
            await client.take()
        return client.too_slow.is_set()

    assert not asyncio.run(scenario())
