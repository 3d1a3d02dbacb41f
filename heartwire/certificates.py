"""A certificate authority of one's own, and a certificate for the broker: for development and for one hospital."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from heartwire.errors import PermanentError
from heartwire.private_files import write_private

CA_FILE: Final = "ca.crt"
CERTIFICATE_FILE: Final = "server.crt"
KEY_FILE: Final = "server.key"
#: The authority lives long; a server's certificate as long as clients believe one (CA/Browser Forum: 398 days).
_CA_DAYS: Final = 3650
_SERVER_DAYS: Final = 397


class CertificateError(PermanentError):
    """A certificate cannot be made as asked."""


class Authority(NamedTuple):
    """What was made: until when the server's certificate holds."""

    directory: Path
    expires_at: datetime


def make_authority(directory: Path, names: Sequence[str]) -> Authority:
    """Make an authority and a server's certificate by it; its own key is thrown away, so it signs nothing more.

    Writes ``ca.crt``, ``server.crt`` and ``server.key`` (readable by its owner alone).

    Parameters
    ----------
    directory : Path
        Made if missing.
    names : sequence of str
        Host names and addresses by which clients reach the server.

    Raises
    ------
    CertificateError
        If one is there already, no name is given, or the directory cannot be written.
    """
    if not names:
        raise CertificateError("a certificate needs a name: the host by which devices reach the broker")
    taken = [name for name in (CA_FILE, CERTIFICATE_FILE, KEY_FILE) if (directory / name).exists()]
    if taken:
        raise CertificateError(
            f"{directory} has {', '.join(taken)} already; every device trusts that authority. To make a new one, move"
            " them away, and pair the devices anew"
        )
    now = datetime.now(UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"heartwire authority {now:%Y-%m-%d}")])
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), now, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    server = (
        _builder(server_name, ca_name, key.public_key(), now, _SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        write_private(directory / KEY_FILE, private)
        (directory / CERTIFICATE_FILE).write_bytes(server.public_bytes(pem))
        (directory / CA_FILE).write_bytes(ca.public_bytes(pem))
    except OSError as error:
        raise CertificateError(f"{directory} cannot be written: {error.strerror}") from error
    return Authority(directory, server.not_valid_after_utc)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError:
        raise CertificateError(f"{name!r} is no host name") from None
