"""Settings of ``heartwire migrate``."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from heartwire.settings import DatabaseSettings, ServiceSettings


class MigrateSettings(ServiceSettings, DatabaseSettings):
    """Which database to bring up to date."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_MIGRATE_")

    pages_password: SecretStr | None = Field(
        default=None,
        min_length=1,
        title="Password of the pages' server",
        description="With it the login `heartwire_dashboard` is made, or gets this password: by it the pages' server"
        " reaches the database, owning nothing",
    )


class StorageSettings(ServiceSettings, DatabaseSettings):
    """Which database to look over."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_STORAGE_")
