"""Which version of MQTT is tried next, as connections go."""

from typing import Final, NamedTuple

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from heartwire.mqtt import VersionChoice

V5: Final = MQTTProtocolVersion.MQTTv5
V311: Final = MQTTProtocolVersion.MQTTv311


class Went(NamedTuple):
    """How a connection went."""

    was_up: bool = False
    is_there: bool = True
    understood: bool = False


GOOD: Final = Went(was_up=True, understood=True)
SILENCE: Final = Went()
REFUSED: Final = Went(understood=True)
NOBODY: Final = Went(is_there=False)


@pytest.mark.parametrize(
    ("story", "tried"),
    [
        ([GOOD, GOOD], [V5, V5, V5]),
        ([NOBODY, NOBODY], [V5, V5, V5]),
        ([REFUSED, REFUSED], [V5, V5, V5]),  # a wrong password is wrong in any version
        ([SILENCE, GOOD, GOOD], [V5, V311, V311, V311]),
        ([SILENCE, GOOD, NOBODY, GOOD], [V5, V311, V311, V311, V311]),
        ([SILENCE, GOOD, SILENCE, GOOD], [V5, V311, V311, V5, V5]),  # the broker was replaced
        ([SILENCE, SILENCE, SILENCE], [V5, V311, V5, V311]),
    ],
)
def test_what_is_tried(story: list[Went], tried: list[MQTTProtocolVersion]) -> None:
    choice = VersionChoice()
    found = [choice.version]
    for went in story:
        version = choice.version
        at_once = choice.learn(**went._asdict())
        assert at_once == (version is V5 and choice.version is V311)
        found.append(choice.version)
    assert found == tried
