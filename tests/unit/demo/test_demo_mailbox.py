"""The demo's page of messages: what arrives is shown, as text; what is no message is refused."""

from collections.abc import Iterator

import httpx
import pytest

from heartwire.embedded.ports import choose_port
from simulators.demo_mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox(choose_port(18_950))
    yield box
    box.close()


def test_what_the_notifier_sends_is_read_there_with_its_link(mailbox: Mailbox) -> None:
    assert "Nothing yet" in httpx.get(mailbox.url).text
    address = mailbox.address("nurse").replace("json://", "http://")
    for number in range(2):
        body = "<script>alert(1)</script>\n\nAcknowledge: http://127.0.0.1:8000/n/a-B_c"
        said = {"version": "1.0", "title": f"HIGH & {number}", "message": body, "type": "failure", "attachments": []}
        assert httpx.post(address, json=said).is_success
    answer = httpx.get(mailbox.url)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert answer.text.count('<a href="http://127.0.0.1:8000/n/a-B_c">') == 2
    assert answer.text.index("HIGH &amp; 1") < answer.text.index("HIGH &amp; 0"), "the newest is on top"
    assert answer.text.count('<article class="failure">') == 2
    assert "to nurse" in answer.text


@pytest.mark.parametrize("content", [b"", b"[]", b'{"title": 1}', b"\xff", b"{" + b" " * 200_000 + b"}"])
def test_what_is_no_message_is_refused(mailbox: Mailbox, content: bytes) -> None:
    assert httpx.post(f"{mailbox.url}nurse", content=content).status_code == 400
    assert httpx.get(f"{mailbox.url}nurse").status_code == 404
    assert "Nothing yet" in httpx.get(mailbox.url).text
