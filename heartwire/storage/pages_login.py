"""The login by which the pages' server reaches the database: it owns nothing, and may what its two roles may.

As owner it would see through row-level security wherever it forgot to say as whom it asks (docs/adr/0022).
"""

from typing import Final

from psycopg import sql

from heartwire.storage.errors import translated
from heartwire.storage.pool import connect

LOGIN: Final = "heartwire_dashboard"


def let_pages_in(database: str, password: str) -> None:
    """Make the login, or give it this password; what it may comes with the roles that `migrate` made.

    Parameters
    ----------
    database : str
        libpq URL of who may create roles.
    password : str
        Reaches the server as a SCRAM verifier only, so that no log of statements shows it.
    """
    with connect(database, "migrate", autocommit=True) as connection, translated(), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('heartwire isolate'))")
        name = sql.Identifier(LOGIN)
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [LOGIN]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {}").format(name))
        verifier = connection.pgconn.encrypt_password(password.encode(), LOGIN.encode(), b"scram-sha-256").decode()
        connection.execute(
            sql.SQL(
                "ALTER ROLE {} LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD {}"
            ).format(name, sql.Literal(verifier))
        )
        connection.execute(sql.SQL("GRANT heartwire_pages, heartwire_door TO {}").format(name))
