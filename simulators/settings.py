"""Settings of ``heartwire simulate``."""

import os
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from heartwire.settings import BrokerSettings, ServiceSettings


def _default_cache_dir() -> Path:
    home = os.environ.get("HEARTWIRE_HOME")
    if home:
        return Path(home) / "simulators"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heartwire"


class SimulateSettings(ServiceSettings, BrokerSettings):
    """How simulated devices reach the broker, and what they hold."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_SIMULATE_")

    outbox_max_frames: int = Field(
        default=3_600,
        ge=2,
        le=100_000,
        title="Outbox",
        description="Most frames that a device holds until the database has them, about one a second; beyond it the"
        " oldest is dropped and counted",
    )
    retry_longest_s: float = Field(
        default=10.0,
        ge=0.1,
        le=300.0,
        title="Longest pause",
        description="Longest pause between two attempts of a device to reach the broker, seconds",
    )
    status_every_s: float = Field(
        default=30.0, ge=1.0, le=3600.0, title="Status", description="Time between two statuses of a device, seconds"
    )
    report_every_s: float = Field(
        default=5.0, ge=0.5, le=3600.0, title="Report", description="Time between two lines on the terminal, seconds"
    )
    stop_patience_s: float = Field(
        default=5.0,
        ge=0.0,
        le=300.0,
        title="Stop patience",
        description="How long the end waits for confirmations, seconds",
    )
    cache_dir: Path = Field(
        default_factory=_default_cache_dir,
        title="Cache",
        description="Where the shapes of beats are kept, up to 64 files of 8 KB. By default in HEARTWIRE_HOME, or in"
        " the user's cache",
    )

    def as_device(self, device: str, password: str) -> "SimulateSettings":
        """Return the same settings with a device's own credential."""
        return self.model_copy(update={"broker_username": device, "broker_password": SecretStr(password)})


#: Frames published and not yet acknowledged by the broker, per device.
IN_FLIGHT_MAX: Final = 20
