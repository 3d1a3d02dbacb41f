"""Settings of ``heartwire ingest``."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from heartwire.settings import BrokerSettings, DatabaseSettings, InstanceSettings, ObserveSettings, ServiceSettings


class IngestSettings(ServiceSettings, InstanceSettings, DatabaseSettings, BrokerSettings, ObserveSettings):
    """What ingest reads from, writes to, and how much it holds."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_INGEST_")

    lease_ttl_s: float = Field(
        default=5.0,
        ge=1.0,
        le=300.0,
        title="Lease",
        description="A process of which the database heard nothing for this time is taken for dead, and its shards go"
        " to the others, seconds. The same for all that run",
    )
    admit: Literal["registered", "everyone"] = Field(
        default="registered",
        title="Admit",
        description="Whose frames are stored: those of registered devices, or everyone's. With `everyone` an unknown"
        " device is registered, with a new patient named after it: for test fleets, never where patients are",
    )
    batch_max_frames: int = Field(
        default=2_000, ge=1, le=20_000, title="Batch", description="Most messages in one transaction"
    )
    batch_max_bytes: int = Field(
        default=8_000_000,
        ge=100_000,
        le=100_000_000,
        title="Batch bytes",
        description="Most payload bytes of it",
    )
    batch_longest_s: float = Field(
        default=0.1, ge=0.0, le=5.0, title="Batch time", description="Longest time a frame waits for others, seconds"
    )
    batch_quiet_s: float = Field(
        default=0.005,
        ge=0.0,
        le=1.0,
        title="Batch quiet time",
        description="A batch is committed early when nothing more arrived for this time, seconds",
    )
    commit_spacing_s: float = Field(
        default=0.02,
        ge=0.0,
        le=1.0,
        title="Commit spacing",
        description="Least time between two commits of batches that are not full, seconds",
    )
    held_max_frames: int = Field(
        default=20_000,
        ge=1,
        le=65_535,
        title="Held frames",
        description="Most messages received and not yet committed; told to the broker as MQTT 5 Receive Maximum. Beyond"
        " twice as many (Mosquitto 2.0 exceeds it in bursts) ingest leaves the broker until half is committed; the"
        " edges keep their frames and send them again",
    )
    held_max_bytes: int = Field(
        default=64_000_000,
        ge=1_000_000,
        le=4_000_000_000,
        title="Held bytes",
        description="Most payload bytes received and not yet committed; beyond it as with held_max_frames",
    )
    packet_max_bytes: int = Field(
        default=1_000_000,
        ge=65_536,
        le=268_435_455,
        title="Packet",
        description="Longest MQTT packet, bytes. A broker that speaks MQTT 5 does not deliver longer ones; of one that"
        " comes all the same, a dead letter keeps the first packet_max_bytes of the payload",
    )
    ack_every_s: float = Field(
        default=2.0, ge=0.1, le=60.0, title="Ack pace", description="Time between two acks of one stream, seconds"
    )
    ack_every_frames: int = Field(
        default=64, ge=1, le=100_000, title="Ack frames", description="An ack goes out early after this many frames"
    )
    known_streams_max: int = Field(
        default=100_000,
        ge=100,
        le=10_000_000,
        title="Known streams",
        description="Most streams remembered; the oldest is forgotten first and looked up again when needed",
    )
    retry_longest_s: float = Field(
        default=10.0,
        ge=0.1,
        le=300.0,
        title="Longest pause",
        description="Longest pause between two attempts to reach the broker or the database, seconds",
    )
    stop_patience_s: float = Field(
        default=5.0,
        ge=0.0,
        le=300.0,
        title="Stop patience",
        description="How long a stop waits for a database that is away, seconds; what is not committed then, the edges"
        " send again",
    )
    links_every_s: float = Field(
        default=5.0,
        ge=0.5,
        le=60.0,
        title="Links",
        description="Time between two writes of how the devices' links do (clock, silence, last contact), seconds",
    )
    counters_every_s: float = Field(
        default=30.0, ge=0.1, le=3600.0, title="Counters", description="Time between two lines of counters, seconds"
    )

    @model_validator(mode="after")
    def _a_batch_fits_into_what_is_held(self) -> Self:
        if self.batch_max_frames > self.held_max_frames:
            raise ValueError(
                f"batch_max_frames {self.batch_max_frames} is above held_max_frames {self.held_max_frames}"
            )
        return self
