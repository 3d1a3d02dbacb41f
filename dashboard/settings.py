"""Settings of ``heartwire dashboard``."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from dashboard.keyring import read_keys
from heartwire.settings import BrokerSettings, DatabaseSettings, ObserveSettings, ServiceSettings


def _pages_of_this_installation() -> Path:
    return Path(__file__).resolve().parent / "web" / "dist"


def _phone_of_this_installation() -> Path:
    return Path(__file__).resolve().parent.parent / "edge" / "phone" / "dist"


class DashboardSettings(ServiceSettings, DatabaseSettings, BrokerSettings, ObserveSettings):
    """Where the pages are served, who gets in, and how much is held for each screen."""

    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_DASHBOARD_")

    host: str = Field(
        default="127.0.0.1", min_length=1, max_length=253, title="Host", description="Address to listen on"
    )
    port: int = Field(default=8000, ge=1, le=65535, title="Port", description="TCP port to listen on")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", title="Log level", description="Least serious line that is logged"
    )
    pages: Path = Field(
        default_factory=_pages_of_this_installation,
        title="Pages",
        description="Folder of the built pages; by default those that came with this installation",
    )
    phone: Path = Field(
        default_factory=_phone_of_this_installation,
        title="Patient's app",
        description="Folder of the built app for patients' phones, served below /phone/; by default that which came"
        " with this installation",
    )
    origins: tuple[str, ...] = Field(
        default=(),
        title="Origins",
        description="Origins whose pages may speak to this server besides its own address, as a JSON list such as"
        ' ["https://ward.example.org"]: needed behind a proxy that changes the Host header',
    )
    secure_cookies: Literal["auto", "always"] = Field(
        default="auto",
        title="Secure cookies",
        description="`auto`: cookies are sent over HTTPS only, except to a loopback address over plain HTTP, where a"
        " laptop has no certificate. `always`: over HTTPS only. Behind a proxy that ends TLS use `always`",
    )
    session_idle_s: float = Field(
        default=12 * 3600.0,
        ge=60.0,
        le=30 * 86_400.0,
        title="Session's idle time",
        description="A session ends when it was not used for this time, seconds; an open page uses it",
    )
    session_longest_s: float = Field(
        default=7 * 86_400.0,
        ge=60.0,
        le=90 * 86_400.0,
        title="Longest session",
        description="A session ends after this time however much it is used, seconds",
    )
    sign_in_window_s: float = Field(
        default=900.0,
        ge=1.0,
        le=86_400.0,
        title="Sign-in window",
        description="Failed attempts to sign in are counted over this time, seconds",
    )
    sign_in_tries_login: int = Field(
        default=8,
        ge=1,
        le=1000,
        title="Tries by user",
        description="Failed attempts on one user within the window before further ones are refused unheard",
    )
    sign_in_tries_address: int = Field(
        default=40,
        ge=1,
        le=100_000,
        title="Tries by address",
        description="Failed attempts from one network address within the window before further ones are refused",
    )
    password_sign_in: bool = Field(
        default=True,
        title="Passwords",
        description="Whether people sign in with a password of heartwire; off where all come by a provider",
    )
    openid_providers: Path | None = Field(
        default=None,
        title="Providers",
        description="TOML file of the OpenID providers by which people sign in (docs/deploy.md); needs `public_url`",
    )
    factor_key: SecretStr | None = Field(
        default=None,
        title="Key of second factors",
        description="Seals the secrets of people's second factors in the database: 32 bytes in URL-safe base 64, made"
        " by `head -c 32 /dev/urandom | base64 | tr '+/' '-_'`. Several, with spaces between them: the first seals, all"
        " open, so that a new one can be put before the old. Without it nobody can turn on a second factor",
    )
    provisioner_username: str | None = Field(
        default=None,
        max_length=200,
        title="Provisioner",
        description="MQTT user that may tell the broker whom to let in; without it devices cannot be paired here",
    )
    provisioner_password: SecretStr | None = Field(
        default=None, title="Provisioner's password", description="MQTT password of the provisioner"
    )
    device_broker_host: str | None = Field(
        default=None,
        max_length=253,
        title="Broker of devices",
        description="Broker's host name as devices reach it; by default broker_host",
    )
    device_broker_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        title="Broker port of devices",
        description="Broker's TCP port as devices reach it; by default broker_port",
    )
    device_broker_tls: bool | None = Field(
        default=None,
        title="TLS of devices",
        description="Whether devices speak TLS to the broker; by default as this server does",
    )
    device_broker_ws_url: str | None = Field(
        default=None,
        max_length=300,
        pattern=r"^wss?://[^\s]+$",
        title="Websocket of devices",
        description="Where phones reach the broker by MQTT over websockets, such as `wss://ward.example.org:8884`;"
        " without it only devices that speak MQTT over TCP can send",
    )
    public_url: str | None = Field(
        default=None,
        max_length=300,
        pattern=r"^https?://[^\s?#]+$",
        title="Public address",
        description="Address of these pages as patients' phones reach them, such as `https://ward.example.org`: the QR"
        " code of a pairing leads there; by default the address under which the nurse's browser asks",
    )
    emergency_number: str = Field(
        default="112",
        min_length=2,
        max_length=20,
        pattern=r"^[0-9+ ]+$",
        title="Emergency number",
        description="Telephone number that a patient with chest pain is told to call first",
    )
    pairing_code_s: float = Field(
        default=600.0,
        ge=10.0,
        le=86_400.0,
        title="Pairing code",
        description="A pairing code holds for this time, seconds",
    )
    pairing_window_s: float = Field(
        default=600.0,
        ge=1.0,
        le=86_400.0,
        title="Pairing window",
        description="Wrong pairing codes are counted over this time, seconds",
    )
    pairing_tries_address: int = Field(
        default=10,
        ge=1,
        le=1000,
        title="Codes by address",
        description="Wrong pairing codes from one network address within the window before further ones are refused"
        " unheard",
    )
    pairing_tries_all: int = Field(
        default=100,
        ge=1,
        le=100_000,
        title="Codes in all",
        description="Wrong pairing codes from everywhere within the window before further ones are refused unheard",
    )
    my_requests_device: int = Field(
        default=120,
        ge=1,
        le=100_000,
        title="Requests of a device",
        description="Most requests a minute by which one patient's device asks for its own data",
    )
    my_requests_address: int = Field(
        default=3000,
        ge=1,
        le=1_000_000,
        title="Requests of devices by address",
        description="Most requests a minute of all devices behind one network address, wrong credentials among them",
    )
    clients_most: int = Field(
        default=500,
        ge=1,
        le=100_000,
        title="Screens",
        description="Most live connections at once; further ones are told to try again",
    )
    streams_most: int = Field(
        default=32,
        ge=0,
        le=10_000,
        title="Streams",
        description="Most streams of alarms to other systems at once; further ones are refused",
    )
    client_queue_messages: int = Field(
        default=400,
        ge=8,
        le=100_000,
        title="Queue",
        description="Most messages that wait for one screen. A screen that falls further behind is disconnected and"
        " comes back to a full picture",
    )
    client_queue_bytes: int = Field(
        default=4_000_000,
        ge=100_000,
        le=1_000_000_000,
        title="Queue bytes",
        description="Most bytes that wait for one screen; beyond it as with client_queue_messages",
    )
    database_connections: int = Field(
        default=8, ge=2, le=100, title="Connections", description="Most connections to the database"
    )
    retry_longest_s: float = Field(
        default=5.0,
        ge=0.1,
        le=300.0,
        title="Longest pause",
        description="Longest pause between two attempts to reach the broker or the database, seconds",
    )

    @field_validator("factor_key")
    @classmethod
    def _has_keys(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            read_keys(key.get_secret_value())
        return key
