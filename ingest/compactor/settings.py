"""Settings of ``heartwire compact``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from heartwire.settings import DatabaseSettings, InstanceSettings, ObserveSettings, ServiceSettings


class CompactorSettings(ServiceSettings, InstanceSettings, DatabaseSettings, ObserveSettings):
    """Which database is compacted, and when signal is old enough."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_COMPACTOR_")

    after_s: float = Field(
        default=7200.0,
        ge=0.0,
        le=30 * 86_400.0,
        title="Age",
        description="Signal is compacted when it was recorded and received longer ago than this, and is analysed;"
        " seconds. Late signal waits as long, so that a device that catches up is compacted once, not minute by minute",
    )
    stretch_s: int = Field(
        default=3600,
        ge=60,
        le=3600,
        multiple_of=60,
        title="Stretch",
        description="Signal is taken in stretches of so many seconds from the full hour on: fewer, larger transactions"
        " against less room",
    )
    poll_s: float = Field(
        default=30.0,
        ge=0.05,
        le=3600.0,
        title="Poll",
        description="Time between two looks for what is old enough, seconds",
    )
    retention_every_s: float = Field(
        default=600.0,
        ge=0.05,
        le=86_400.0,
        title="Retention",
        description="Time between two looks for what the retention policies let go, seconds",
    )
    lease_ttl_s: float = Field(
        default=10.0,
        ge=1.0,
        le=300.0,
        title="Lease",
        description="A process that was not seen for so long is taken for dead, and others take over, seconds",
    )
    retry_longest_s: float = Field(
        default=10.0,
        ge=0.1,
        le=300.0,
        title="Longest pause",
        description="Longest pause between two attempts to reach the database, seconds",
    )
