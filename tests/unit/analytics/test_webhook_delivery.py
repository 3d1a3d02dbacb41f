"""What a webhook is sent to is looked at in the moment of sending: names lead elsewhere by then."""

from analytics.webhooks.delivery import Sender


def test_a_name_that_leads_to_the_machine_is_asked_nothing() -> None:
    sender = Sender(local_too=False)
    outcome = sender.send("https://localhost/alarms", {}, b"{}")
    sender.close()
    assert outcome.problem == "localhost leads to this machine or its link: nothing is sent there"
