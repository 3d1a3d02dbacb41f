"""Settings of ``heartwire analytics``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from heartwire.settings import DatabaseSettings, InstanceSettings, ObserveSettings, ServiceSettings


class AnalyticsSettings(ServiceSettings, InstanceSettings, DatabaseSettings, ObserveSettings):
    """Which database is analysed, in what steps, and how often the state of it is saved."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_ANALYTICS_")

    batch_frames: int = Field(
        default=5_000,
        ge=1,
        le=100_000,
        title="Batch",
        description="Frames analysed and committed together; a batch is longer only by the rest of one transaction"
        " of ingest",
    )
    step_spacing_s: float = Field(
        default=0.1,
        ge=0.0,
        le=2.0,
        title="Step spacing",
        description="Least time between the beginnings of two batches that are not full, seconds. The engine's cost is"
        " mostly one for each batch, however many patients are in it",
    )
    late_frames: int = Field(
        default=200_000,
        ge=1_000,
        le=10_000_000,
        title="Late frames",
        description="Late frames that may wait for their turn in memory, about 1 kB each. Where more come at once,"
        " nothing is read until there is room: live signal waits too",
    )
    poll_s: float = Field(
        default=0.25,
        ge=0.01,
        le=10.0,
        title="Poll",
        description="Time between two looks for frames when no notification comes, seconds",
    )
    checkpoint_every_s: float = Field(
        default=60.0,
        ge=0.1,
        le=600.0,
        title="Checkpoints",
        description="Time between two checkpoints of a device, seconds; after a kill, signal since then is read again",
    )
    idle_after_s: float = Field(
        default=900.0,
        ge=1.0,
        le=86_400.0,
        title="Idle devices",
        description="A device silent for this time is put aside until its next frame, seconds",
    )
    limits_every_s: float = Field(
        default=5.0,
        ge=0.1,
        le=600.0,
        title="Limits",
        description="Time between two readings of the patients' own limits, seconds",
    )
    lease_ttl_s: float = Field(
        default=5.0,
        ge=1.0,
        le=300.0,
        title="Lease",
        description="A process of which the database heard nothing for this time is taken for dead, and its shards go"
        " to the others, seconds. The same for all that run",
    )
    freshness_every_s: float = Field(
        default=1.0, ge=0.05, le=5.0, title="Freshness", description="Time between two looks for silence, seconds"
    )
    ledger_check_every_h: float = Field(
        default=24.0,
        ge=0.0,
        le=720.0,
        title="Check of the ledger",
        description="So old the last check of a hospital's ledger becomes before the chain is counted anew, hours; 0:"
        " only when somebody asks for it",
    )
    stuck_after_s: float = Field(
        default=10.0,
        ge=1.0,
        le=600.0,
        title="Stuck",
        description="The heartbeat stops when the analysis has not come round for this time, seconds",
    )
    retry_longest_s: float = Field(
        default=5.0,
        ge=0.1,
        le=300.0,
        title="Longest pause",
        description="Longest pause between two attempts to reach the database, seconds",
    )
