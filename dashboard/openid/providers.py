"""The providers by which people sign in: a TOML file, one table for each (`HEARTWIRE_DASHBOARD_OPENID_PROVIDERS`)."""

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dashboard.people import PersonsRole
from heartwire.settings import SettingsError

#: Stands for all wards of a hospital.
ALL_WARDS: Final = "*"
_Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
#: A claim's name, or the way to it through objects: `realm_access.roles`.
_Claim = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s]+$")]
_Key = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]


class Provider(BaseModel):
    """Who vouches for people, and what its words mean here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    key: _Key = Field(
        title="Key", description="The table's name: stands in the address that the provider sends back to"
    )
    name: _Text = Field(title="Name", description="On the button: `Sign in with NAME`")
    issuer: str = Field(
        max_length=300, title="Issuer", description="Address of the provider, exactly as it calls itself; HTTPS"
    )
    client_id: _Text = Field(title="Client", description="Name of this installation at the provider")
    client_secret_file: str | None = Field(
        default=None,
        title="Client's secret",
        description="File with the secret that belongs to `client_id`; without it the client is a public one",
    )
    ca_file: str | None = Field(
        default=None,
        title="Certificate authority",
        description="PEM file of the authority that signed the provider's certificate, if it is no public one",
    )
    scopes: tuple[_Text, ...] = Field(
        default=("openid", "profile"),
        strict=False,
        title="Scopes",
        description="What is asked for; `openid` among them",
    )
    acr_values: tuple[_Text, ...] = Field(
        default=(),
        strict=False,
        title="Levels of assurance",
        description="Asked for in this order; who signed in by none of them is refused (`acr`)",
    )
    max_age_s: int | None = Field(
        default=None,
        ge=0,
        le=30 * 86_400,
        title="Longest since the sign-in",
        description="Who gave his password to the provider longer ago is to give it again, seconds; 0: each time, as it"
        " should be where several people share a computer",
    )
    tenant: _Text | None = Field(
        default="default",
        title="Hospital",
        description="Name of the tenant to which everybody of this provider belongs",
    )
    tenant_claim: _Claim | None = Field(
        default=None,
        title="Hospital's claim",
        description="Claim that names the tenant, by the table `tenants`; whose claim is none of them is refused",
    )
    tenants: dict[str, _Text] = Field(
        default_factory=dict, title="Hospitals", description="Value of `tenant_claim` to a tenant's name"
    )
    login_claim: _Claim = Field(
        default="preferred_username",
        title="Login's claim",
        description="Claim that becomes the login in heartwire; `email` counts where `email_verified` is true alone",
    )
    name_claim: _Claim = Field(
        default="name", title="Name's claim", description="Claim by which colleagues know somebody"
    )
    role_claim: _Claim | None = Field(
        default=None,
        title="Role's claim",
        description="Claim, a text or a list of texts, that says the role by the table `roles`; without it roles are"
        " given in heartwire",
    )
    roles: dict[str, PersonsRole] = Field(
        default_factory=dict,
        title="Roles",
        description="Value of `role_claim` to a role; the first that somebody has counts",
    )
    default_role: PersonsRole | None = Field(
        default=None,
        title="Role of the others",
        description="Of whoever has none by `roles`; without it, such a person is refused",
    )
    ward_claim: _Claim | None = Field(
        default=None,
        title="Wards' claim",
        description="Claim, a text or a list of texts, that says which wards somebody sees; without it that is decided"
        " in heartwire, and new users see all",
    )
    wards: dict[str, _Text] = Field(
        default_factory=dict,
        title="Wards",
        description='Value of `ward_claim` to a ward\'s name, or to `"*"` for all; without the table values are names',
    )
    makes_users: bool = Field(
        default=False, title="Makes users", description="Whether whoever signs in the first time becomes a user"
    )
    links_users: bool = Field(
        default=False,
        title="Links users",
        description="Whether whoever signs in the first time becomes the user who has this login already. Only where"
        " nobody can choose his own `login_claim` at the provider",
    )

    @field_validator("issuer")
    @classmethod
    def _issuer_is_safe(cls, issuer: str) -> str:
        if not is_safe(issuer) or urlsplit(issuer).query:
            raise ValueError(
                "wanted an address that begins with https:// (http:// on a loopback address), without ?, #"
            )
        return issuer

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("`scopes` must have `openid`")
        if (self.tenant_claim is None) != (not self.tenants):
            raise ValueError("`tenant_claim` and the table `tenants` go together")
        if self.tenant_claim is None and self.tenant is None:
            raise ValueError("`tenant` or `tenant_claim` says which hospital people belong to")
        if (self.role_claim is None) != (not self.roles):
            raise ValueError("`role_claim` and the table `roles` go together")
        if self.ward_claim is None and self.wards:
            raise ValueError("the table `wards` needs `ward_claim`")
        if self.makes_users and self.role_claim is None and self.default_role is None:
            raise ValueError("`makes_users` needs `default_role`, or `role_claim` and `roles`")
        return self

    @property
    def hospitals(self) -> tuple[str, ...]:
        """Names of the tenants to which its people may belong."""
        if self.tenant_claim is not None:
            return tuple(dict.fromkeys(self.tenants.values()))
        assert self.tenant is not None
        return (self.tenant,)

    @property
    def client_secret(self) -> str | None:
        """The secret as it is in its file now.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        if self.client_secret_file is None:
            return None
        return Path(self.client_secret_file).read_text(encoding="utf-8").strip()


def read_providers(path: Path | None) -> Mapping[str, Provider]:
    """Return the providers by their keys, in the file's order; none without a file.

    Raises
    ------
    SettingsError
        One sentence for each thing that is wrong, with where it stands.
    """
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the file of providers, {path}, cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the file of providers, {path}, is no TOML: {error}") from None
    providers = {key: _read(path, key, table) for key, table in tables.items()}
    if not providers:
        raise SettingsError(f"the file of providers, {path}, names none; docs/deploy.md has an example")
    issuers = [provider.issuer for provider in providers.values()]
    if len(set(issuers)) != len(issuers):
        # People are known by issuer and subject: two tables would give one person two rights.
        raise SettingsError(f"the file of providers, {path}, has an issuer twice; one table for each is wanted")
    return providers


def is_safe(url: str) -> bool:
    """Whether what is said at an address can be trusted: HTTPS, or the loopback address.  Pure."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(path: Path, key: str, table: object) -> Provider:
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: {key} stands outside of any table; a provider begins with its name: [hospital]")
    try:
        provider = Provider.model_validate({**table, "key": key})
        if provider.client_secret is not None and not provider.client_secret:
            raise SettingsError(f"{path}: [{key}] client_secret_file is empty")
    except ValidationError as error:
        problems = "; ".join(
            f"[{key}] {'.'.join(map(str, problem['loc'])) or 'as a whole'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise SettingsError(f"{path}: {problems}") from None
    except OSError as error:
        raise SettingsError(f"{path}: [{key}] client_secret_file cannot be read: {error.strerror}") from None
    return provider
