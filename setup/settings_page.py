"""Write docs/settings.md from the settings classes themselves, so that it cannot say anything else.

Run as ``python -m setup.settings_page`` from the root of the repository (``make docs``).
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from dashboard.openid.providers import Provider
from heartwire.settings import ServiceSettings

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
_ROOMS: Final = ("heartwire", "edge", "ingest", "analytics", "dashboard", "simulators")
_INTRODUCTION: Final = """\
# Settings

Every service reads its settings from environment variables when it starts. What the command line gives wins.
A variable that a service does not know is refused, so a typing error never means a default in silence; a
value out of bounds is a sentence that says so. A secret, or any other setting, can stand in a file: set the
variable's name with `_FILE` at its end to the file's path. `HEARTWIRE_HOME` is where the demo keeps
everything, and where an edge keeps its outbox unless told otherwise.

This page is written by `make docs` from the sources.
"""
_PROVIDERS: Final = """
## A file of providers

`HEARTWIRE_DASHBOARD_OPENID_PROVIDERS` names a TOML file with a table for each OpenID provider by which people
sign in (docs/deploy.md has examples). The table's name, such as `[hospital]`, stands in the address to which the
provider sends back.

| key | default | bounds | what it is |
|---|---|---|---|
"""


def settings_classes() -> list[type[ServiceSettings]]:
    """Return every service's settings class, by its variables' prefix."""
    for room in _ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if module.name.rpartition(".")[2] == "settings":
                importlib.import_module(module.name)
    found = [found for found in _descendants(ServiceSettings) if found.__module__.partition(".")[0] in _ROOMS]
    return sorted(found, key=_prefix)


def render() -> str:
    """Return the page."""
    return _INTRODUCTION + "".join(_section(settings) for settings in settings_classes()) + _providers()


def _descendants(base: type[ServiceSettings]) -> Iterator[type[ServiceSettings]]:
    for child in base.__subclasses__():
        yield child
        yield from _descendants(child)


def _prefix(settings: type[ServiceSettings]) -> str:
    return settings.model_config.get("env_prefix") or ""


def _section(settings: type[ServiceSettings]) -> str:
    service = _prefix(settings).removeprefix("HEARTWIRE_").rstrip("_").lower()
    lines = [
        f"\n## heartwire {service}\n",
        f"\n{(settings.__doc__ or '').strip().splitlines()[0]}\n",
        "\n| variable | default | bounds | what it is |\n|---|---|---|---|\n",
    ]
    for name, field in settings.model_fields.items():
        description = " ".join((field.description or "").split()).rstrip(".")
        lines.append(
            f"| `{_prefix(settings)}{name.upper()}` | {_default(field)} | {_bounds(field)} | {description} |\n"
        )
    return "".join(lines)


def _providers() -> str:
    """Return what stands in a file of OpenID providers; its key is the table's own name."""
    lines = [_PROVIDERS]
    for name, field in Provider.model_fields.items():
        if name != "key":
            description = " ".join((field.description or "").split()).rstrip(".")
            default = "none" if field.default_factory is not None else _default(field)
            lines.append(f"| `{name}` | {default} | {_bounds(field)} | {description} |\n")
    return "".join(lines)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "none: must be set"
    if field.default_factory is not None:
        return "made at the start"
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return "not set" if value is None or value == "" else f"`{value}`"


def _bounds(field: FieldInfo) -> str:
    bounds = [f"`{choice}`" for choice in get_args(field.annotation) if isinstance(choice, str)]
    for item in field.metadata:
        if isinstance(item, annotated_types.Ge):
            bounds.append(f"≥ {item.ge}")
        elif isinstance(item, annotated_types.Gt):
            bounds.append(f"> {item.gt}")
        elif isinstance(item, annotated_types.Le):
            bounds.append(f"≤ {item.le}")
        elif isinstance(item, annotated_types.Lt):
            bounds.append(f"< {item.lt}")
    return ", ".join(bounds)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
