"""The key by which a server signs its Web Push messages (RFC 8292): one an installation, in the database."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

#: Makes the key if there is none, and returns the one that there is.
KEEP_KEY: Final = """
    WITH made AS (
        INSERT INTO push_key (private_key) SELECT %(new)s::bytea WHERE NOT EXISTS (SELECT FROM push_key)
        ON CONFLICT DO NOTHING
        RETURNING private_key
    )
    SELECT private_key FROM made UNION ALL SELECT private_key FROM push_key LIMIT 1
"""


def new_key() -> bytes:
    """Return a new key, PKCS #8."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def load_key(kept: bytes) -> ec.EllipticCurvePrivateKey:
    """Return a key that was kept."""
    key = load_der_private_key(kept, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def public_bytes(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as browsers want it: 65 bytes, an uncompressed point."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
