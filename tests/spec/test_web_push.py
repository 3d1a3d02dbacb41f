"""Web Push as RFC 8291 (encryption) and RFC 8292 (who sends) have it."""

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from analytics.notifier.web_push import PAYLOAD_MOST, authorization, encrypt, unbase64
from heartwire.push_key import load_key, new_key, public_bytes

# RFC 8291, appendix A.
_PLAIN = b"When I grow up, I want to be a watermelon"
_AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
_RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
_SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
_SALT = "DGv6ra1nlYgDCS1FRnbzlw"
_BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_8291_appendix_a() -> None:
    sender = ec.derive_private_key(int.from_bytes(unbase64(_SENDER)), ec.SECP256R1())
    body = encrypt(_PLAIN, p256dh=unbase64(_RECEIVER), auth=unbase64(_AUTH), salt=unbase64(_SALT), sender=sender)
    assert base64.urlsafe_b64encode(body).rstrip(b"=").decode() == _BODY


def test_8291_4_a_message_is_one_record_of_at_most_4096_bytes() -> None:
    given = {"p256dh": unbase64(_RECEIVER), "auth": unbase64(_AUTH), "salt": unbase64(_SALT)}
    sender = ec.generate_private_key(ec.SECP256R1())
    assert len(encrypt(b"x" * PAYLOAD_MOST, sender=sender, **given)) == 4096
    with pytest.raises(ValueError, match="3993"):
        encrypt(b"x" * (PAYLOAD_MOST + 1), sender=sender, **given)
    with pytest.raises(ValueError, match="EC key"):
        encrypt(b"x", sender=sender, **{**given, "p256dh": b"\x04" + b"x" * 64})


def test_8292_2_and_3_the_signature_names_origin_time_and_contact() -> None:
    key = load_key(new_key())
    header = authorization(key, "https://push.example", "mailto:it@ward.example", 1_790_000_000)
    assert header.startswith("vapid t=")
    token, public = header.removeprefix("vapid t=").split(", k=")
    assert unbase64(public) == public_bytes(key)
    head, claims, signature = token.split(".")
    assert json.loads(unbase64(head)) == {"typ": "JWT", "alg": "ES256"}
    said = json.loads(unbase64(claims))
    assert (said["aud"], said["sub"]) == ("https://push.example", "mailto:it@ward.example")
    assert 0 < said["exp"] - 1_790_000_000 <= 24 * 3600
    raw = unbase64(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.public_key().verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.public_key().verify(der, f"{head}.{claims}x".encode(), ec.ECDSA(SHA256()))
