"""One way to open an MQTT connection: version 5 where the broker speaks it, 3.1.1 otherwise, TLS when configured."""

import ssl

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from heartwire.errors import PermanentError
from heartwire.settings import BrokerSettings


class BrokerConfigurationError(PermanentError):
    """The broker cannot be spoken to as configured."""


def make_client(
    settings: BrokerSettings,
    client_id: str,
    version: MQTTProtocolVersion,
    *,
    manual_ack: bool = False,
    clean_session: bool = False,
) -> mqtt.Client:
    """Return a client that is not connected yet.

    Parameters
    ----------
    settings : BrokerSettings
        Host, port, credentials, TLS.
    client_id : str
        The session's name at the broker.
    version : MQTTProtocolVersion
        `MQTTv5` or `MQTTv311`.
    manual_ack : bool
        Leave the PUBACK of received messages to the caller.
    clean_session : bool
        For version 3.1.1: let the broker forget this client when it disconnects. (Version 5: `clean_start`
        of `connect`.)

    Raises
    ------
    BrokerConfigurationError
        If a certificate cannot be read.
    """
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=version,
        manual_ack=manual_ack,
        # Version 5 says at connect time whether the session goes on.
        clean_session=None if version is MQTTProtocolVersion.MQTTv5 else clean_session,
    )
    if settings.broker_username is not None:
        password = settings.broker_password
        client.username_pw_set(settings.broker_username, password.get_secret_value() if password else None)
    if settings.uses_tls:
        try:
            client.tls_set(
                ca_certs=str(settings.broker_ca_file) if settings.broker_ca_file else None,
                certfile=str(settings.broker_certificate_file) if settings.broker_certificate_file else None,
                keyfile=str(settings.broker_key_file) if settings.broker_key_file else None,
                tls_version=ssl.PROTOCOL_TLS_CLIENT,
            )
        except (OSError, ssl.SSLError, ValueError) as error:
            raise BrokerConfigurationError(
                f"TLS for {settings.broker_host}: {error}; check the CA, certificate and key files"
            ) from error
    return client
