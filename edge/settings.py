"""Settings of ``heartwire edge``."""

import os
from pathlib import Path
from typing import Final

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from heartwire.settings import BrokerSettings, ServiceSettings
from heartwire.topics import is_device

_HOME: Final = "HEARTWIRE_HOME"


class EdgeSettings(ServiceSettings, BrokerSettings):
    """Which device this is, where its outbox is, and how patient it is with the broker."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_EDGE_")

    device: str = Field(
        default="",
        validate_default=True,
        title="Device",
        description="Must be set, unless `heartwire edge pair` did it. The device's name as registered with a patient:"
        " 16 characters of lower-case Crockford base 32",
    )
    outbox: Path | None = Field(
        default=None,
        title="Outbox",
        description="Folder in which frames wait until the database has them; one for each device. By default"
        " edge/DEVICE in HEARTWIRE_HOME, or else in the user's state folder",
    )
    outbox_max_bytes: int = Field(
        default=256_000_000,
        ge=1_000_000,
        le=1_000_000_000_000,
        title="Outbox bytes",
        description="Most bytes of frames that wait (256 MB: five days of one lead at 250 Hz). Beyond it a live source"
        " loses its oldest frames, counted and marked; a record that is not played live waits",
    )
    in_flight_max_frames: int = Field(
        default=256,
        ge=1,
        le=10_000,
        title="In flight",
        description="Most frames sent and not yet confirmed by the database; fewer while it answers slowly",
    )
    resend_after_s: float = Field(
        default=10.0,
        ge=0.5,
        le=600.0,
        title="Resend",
        description="Without a confirmation for this time, what was sent is sent again; then after twice as long, up"
        " to six times, seconds",
    )
    retry_longest_s: float = Field(
        default=30.0,
        ge=0.1,
        le=600.0,
        title="Longest pause",
        description="Longest pause between two attempts to reach the broker, seconds",
    )
    keepalive_s: int = Field(
        default=15,
        ge=5,
        le=600,
        title="Keep alive",
        description="A broker not heard of for one and a half times this is gone, seconds",
    )
    status_every_s: float = Field(
        default=30.0, ge=1.0, le=3600.0, title="Status", description="Time between two statuses, seconds"
    )
    report_every_s: float = Field(
        default=5.0,
        ge=0.5,
        le=3600.0,
        title="Report",
        description="Time between two lines of progress where standard error is no terminal, seconds",
    )

    @field_validator("device")
    @classmethod
    def _is_a_device_name(cls, device: str) -> str:
        if not device:
            raise ValueError(
                "which device is this? `heartwire edge pair` makes it one; or give its name as printed when it was"
                " registered, here or with --device"
            )
        if not is_device(device):
            raise ValueError(
                f"{device[:40]!r} is no device's name; wanted 16 characters of 0-9 and a-z without i, l, o, u, as"
                " printed when the device was registered"
            )
        return device

    @property
    def outbox_dir(self) -> Path:
        """Folder of this device's outbox."""
        if self.outbox is not None:
            return self.outbox
        return state_folder() / self.device


def state_folder() -> Path:
    """Return the folder of all that the edge keeps: in HEARTWIRE_HOME, or else in the user's state folder."""
    home = os.environ.get(_HOME)
    if home:
        return Path(home) / "edge"
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "heartwire" / "edge"
