"""Web Push: a message encrypted for one browser (RFC 8291, RFC 8188), signed by this server (RFC 8292).  Pure.

Nobody on the way, the push service included, can read it.
"""

import base64
import json
import struct
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from heartwire.push_key import public_bytes

#: One record holds it all (RFC 8188, section 2.1): the rest of a push service's 4096 bytes is headers and tag.
_RECORD_BYTES: Final = 4096
PAYLOAD_MOST: Final = 3993
_LAST_RECORD: Final = b"\x02"
#: How long a signature is good, seconds; at most a day (RFC 8292, section 2).
_SIGNED_S: Final = 12 * 3600


def encrypt(payload: bytes, *, p256dh: bytes, auth: bytes, salt: bytes, sender: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the body of a push message (RFC 8291, section 3.4).

    Parameters
    ----------
    payload : bytes
        At most `PAYLOAD_MOST`.
    p256dh, auth : bytes
        Of the browser's subscription.
    salt : bytes
        16 bytes, of this message alone.
    sender : EllipticCurvePrivateKey
        Of this message alone.

    Raises
    ------
    ValueError
        If the subscription's key is none, or the payload is too long.
    """
    if len(payload) > PAYLOAD_MOST:
        raise ValueError(f"wanted at most {PAYLOAD_MOST} bytes, got {len(payload)}")
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    sender_public = public_bytes(sender)
    secret = sender.exchange(ec.ECDH(), receiver)
    key_info = b"WebPush: info\x00" + public_bytes(receiver) + sender_public
    material = _hkdf(secret, salt=auth, info=key_info, length=32)
    key = _hkdf(material, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _hkdf(material, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    header = salt + struct.pack("!IB", _RECORD_BYTES, len(sender_public)) + sender_public
    return header + AESGCM(key).encrypt(nonce, payload + _LAST_RECORD, None)


def authorization(key: ec.EllipticCurvePrivateKey, origin: str, contact: str, now_s: int) -> str:
    """Return the header by which a push service knows this server (RFC 8292, section 3).

    Parameters
    ----------
    origin : str
        Of the push service, as ``https://push.example``.
    contact : str
        Of who runs this server, a ``mailto:`` or ``https:`` URL.
    now_s : int
        Now, seconds since 1970.
    """
    claims = {"aud": origin, "exp": now_s + _SIGNED_S, "sub": contact}
    signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token}, k={_base64(public_bytes(key))}"


def unbase64(text: str) -> bytes:
    """Return the bytes of base64url, with or without its padding.

    Raises
    ------
    ValueError
        If it is none.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _json(content: dict[str, object]) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _hkdf(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)
