"""The base of every service's settings, and the sections that several services share.

Each service derives one frozen class. A setting comes from the environment
(``HEARTWIRE_<SERVICE>_<FIELD>``); a secret also from a file named by ``…_<FIELD>_FILE``. Unknown keys
are refused, so that a typing error never means a default in silence. Read only where a service starts.
"""

import os
import socket
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from heartwire.errors import PermanentError


class SettingsError(PermanentError):
    """A setting is missing, unknown or out of bounds."""


def default_instance() -> str:
    """Return a name for this process: host and process number."""
    host = "".join(character if character.isalnum() or character in "-." else "-" for character in socket.gethostname())
    return f"{host[:48]}-{os.getpid()}"


class ServiceSettings(BaseSettings):
    """What every service's settings do: frozen, typed, bounded, strict about names."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True)

    #: Beginnings of variables that belong to other services though they begin with this one's prefix.
    foreign_prefixes: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def load(cls, **given: object) -> Self:
        """Read the environment; `given` values (from the command line) win, ``None`` means not given.

        Raises
        ------
        SettingsError
            One sentence for each setting that is wrong, with the variable to set.
        """
        cls._refuse_unknown_variables()
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            prefix = cls.model_config.get("env_prefix") or ""
            problems = "; ".join(
                f"{prefix}{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
                for problem in error.errors()
            )
            raise SettingsError(f"settings are wrong: {problems}") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Given values first, then the environment, then files named by the environment."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _FileSource(settings_cls)

    @classmethod
    def _refuse_unknown_variables(cls) -> None:
        prefix = cls.model_config.get("env_prefix") or ""
        known = {f"{prefix}{name.upper()}" for name in cls.model_fields}
        known |= {f"{name}_FILE" for name in known}
        for variable in sorted(os.environ):
            if variable.startswith(prefix) and variable not in known:
                raise SettingsError(
                    f"{variable} is not a setting; known: {', '.join(sorted(known - {f'{n}_FILE' for n in known}))}"
                )


class _FileSource(PydanticBaseSettingsSource):
    """Values from files whose paths stand in ``<VARIABLE>_FILE``: how containers hand over secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the text of the file that the environment names for this field, if it names one."""
        del field
        prefix = self.config.get("env_prefix") or ""
        path = os.environ.get(f"{prefix}{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise SettingsError(
                f"{prefix}{field_name.upper()}_FILE names {path}, which cannot be read: {error.strerror}"
            ) from None

    def __call__(self) -> dict[str, Any]:
        values = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                values[key] = value
        return values


class InstanceSettings(BaseSettings):
    """Which of a service's processes this is, and how it makes itself heard."""

    instance: str = Field(
        default_factory=default_instance,
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        title="Instance",
        description="Name of this process, different for each one that runs: its heartbeat, its leases and, at the"
        " broker, its client id. By default host and process number",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", title="Log level", description="Least serious line that is logged"
    )
    heartbeat_every_s: float = Field(
        default=2.0, ge=0.1, le=60.0, title="Heartbeat", description="Time between two heartbeats, seconds"
    )


class DatabaseSettings(BaseSettings):
    """Where the database is."""

    database: SecretStr = Field(
        default=SecretStr("postgresql://heartwire@127.0.0.1:5432/heartwire"),
        title="Database",
        description="PostgreSQL or TimescaleDB, as a libpq URL",
    )


class ObserveSettings(BaseSettings):
    """Where a service shows its metrics and its health."""

    observe_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        max_length=253,
        title="Metrics' host",
        description="Address on which /metrics, /healthz and /readyz are answered, to anybody who can reach it",
    )
    observe_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        title="Metrics' port",
        description="TCP port of /metrics, /healthz and /readyz; without it nothing listens",
    )


class BrokerSettings(BaseSettings):
    """Where the MQTT broker is and how to speak to it."""

    broker_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        max_length=253,
        title="Broker",
        description="MQTT broker's host name",
    )
    broker_port: int = Field(
        default=1883,
        ge=1,
        le=65535,
        title="Broker port",
        description="MQTT broker's TCP port",
    )
    broker_username: str | None = Field(default=None, max_length=200, title="User", description="MQTT user name")
    broker_password: SecretStr | None = Field(default=None, title="Password", description="MQTT password")
    broker_ca_file: Path | None = Field(
        default=None,
        title="Certificate authority",
        description="PEM file of the authority that signed the broker's certificate; setting it turns TLS on",
    )
    broker_certificate_file: Path | None = Field(
        default=None,
        title="Client certificate",
        description="PEM file, for brokers that ask for one",
    )
    broker_key_file: Path | None = Field(
        default=None,
        title="Client key",
        description="PEM file of the client certificate's key",
    )
    broker_tls: bool = Field(
        default=False,
        title="TLS",
        description="Speak TLS, with the operating system's authorities unless a CA file is given",
    )

    @model_validator(mode="after")
    def _key_needs_certificate(self) -> Self:
        if (self.broker_certificate_file is None) != (self.broker_key_file is None):
            raise ValueError("broker_certificate_file and broker_key_file go together")
        return self

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is to be encrypted."""
        return self.broker_tls or self.broker_ca_file is not None
