"""Settings of ``heartwire canary``."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from analytics.canary.signal import CYCLE_S_LEAST
from heartwire.settings import BrokerSettings, DatabaseSettings, InstanceSettings, ObserveSettings, ServiceSettings


class CanarySettings(ServiceSettings, InstanceSettings, DatabaseSettings, BrokerSettings, ObserveSettings):
    """How often the way of an alarm is proven, and how long that may take."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_CANARY_")

    cycle_s: int = Field(
        default=180,
        ge=CYCLE_S_LEAST,
        le=3_600,
        title="Cycle",
        description="Time between two tachycardias of the canary, seconds. The ward is told when none was proven for"
        " two cycles",
    )
    patience_s: float = Field(
        default=25.0,
        gt=0.0,
        le=600.0,
        title="Patience",
        description="How long the way may take from the tachycardia's first beat to the ledger, seconds; after it the"
        " run has failed. No longer than the cycle",
    )
    pages_url: str = Field(
        default="",
        max_length=200,
        pattern=r"^(https?://[^\s?#]+)?$",
        title="Pages",
        description="Address of the care team's pages, as the canary reaches it: it acknowledges by the link of the"
        " message that told it. Without it, it acknowledges in the database, and the pages' server is not proven",
    )
    retry_longest_s: float = Field(
        default=5.0,
        ge=0.1,
        le=300.0,
        title="Longest pause",
        description="Longest pause between two attempts to reach the broker, seconds",
    )
    stuck_after_s: float = Field(
        default=10.0,
        ge=1.0,
        le=600.0,
        title="Stuck",
        description="The canary is not well when it has not sent for this time, seconds",
    )

    @model_validator(mode="after")
    def _one_run_at_a_time(self) -> Self:
        if self.patience_s > self.cycle_s:
            raise ValueError("patience_s may not be longer than cycle_s")
        return self
