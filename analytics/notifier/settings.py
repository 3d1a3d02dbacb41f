"""Settings of ``heartwire notifier``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from heartwire.settings import DatabaseSettings, InstanceSettings, ObserveSettings, ServiceSettings


class NotifierSettings(ServiceSettings, InstanceSettings, DatabaseSettings, ObserveSettings):
    """Where links in messages lead, what messages may say, and how long a channel may take."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_NOTIFIER_")

    pages_url: str = Field(
        default="",
        max_length=200,
        pattern=r"^(https?://[^\s?#]+)?$",
        title="Pages",
        description="Address of the care team's pages, as phones reach it: the links in messages begin with it. Without"
        " it messages have no link",
    )
    names_in_messages: bool = Field(
        default=False,
        title="Names in messages",
        description="Messages name patients. They go through other companies' networks and lie on locked screens",
    )
    send_timeout_s: float = Field(
        default=10.0,
        ge=1.0,
        le=120.0,
        title="Patience",
        description="An attempt to reach somebody counts as failed after this time, whatever the channel does, seconds",
    )
    send_pause_longest_s: float = Field(
        default=30.0,
        ge=0.1,
        le=600.0,
        title="Longest pause of a contact",
        description="Longest pause between two attempts to reach somebody by a contact that fails, seconds",
    )
    turn_s: float = Field(
        default=0.5,
        ge=0.01,
        le=2.0,
        title="Turn",
        description="Longest time between two looks at what waits for an answer, seconds",
    )
    push_contact: str = Field(
        default="mailto:postmaster@localhost",
        pattern=r"^(mailto:|https://)\S+$",
        max_length=200,
        title="Contact for push services",
        description="How the services through which browsers are reached can tell who runs this server",
    )
    local_push: bool = Field(
        default=False,
        title="Local push services",
        description="Push services may be on this machine, and without encryption: for tests",
    )
    webhooks_poll_s: float = Field(
        default=0.5,
        ge=0.02,
        le=60.0,
        title="Webhooks",
        description="Time between two looks for what other systems are to be told, seconds",
    )
    local_webhooks: bool = Field(
        default=False,
        title="Local webhooks",
        description="Webhooks may lead to this machine itself and its link",
    )
    frozen_after_s: float = Field(
        default=5.0,
        ge=3.0,
        le=60.0,
        title="Frozen",
        description="A notifier that asks the database nothing for so long is cut off: another goes on, seconds",
    )
    stuck_after_s: float = Field(
        default=20.0,
        ge=1.0,
        le=600.0,
        title="Stuck",
        description="The heartbeat stops when the main loop has not come round for this time, seconds",
    )
    retry_longest_s: float = Field(
        default=5.0,
        ge=0.1,
        le=300.0,
        title="Longest pause",
        description="Longest pause between two attempts to reach the database, seconds",
    )
