"""Settings of ``heartwire migrate``."""

from pydantic_settings import SettingsConfigDict

from heartwire.settings import DatabaseSettings, ServiceSettings


class MigrateSettings(ServiceSettings, DatabaseSettings):
    """Which database to bring up to date."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_MIGRATE_")


class StorageSettings(ServiceSettings, DatabaseSettings):
    """Which database to look over."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_STORAGE_")
