"""One way to open an MQTT connection: version 5 where the broker speaks it, 3.1.1 otherwise, TLS when configured."""

import ssl

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from heartwire.errors import PermanentError
from heartwire.settings import BrokerSettings


class BrokerConfigurationError(PermanentError):
    """The broker cannot be spoken to as configured."""


class VersionChoice:
    """Which version of MQTT to try next: 5, then 3.1.1 where 5 meets silence or a no, and first what worked before.

    Attributes
    ----------
    version : MQTTProtocolVersion
        For the next connection.
    """

    def __init__(self) -> None:
        self.version = MQTTProtocolVersion.MQTTv5
        self._worked: MQTTProtocolVersion | None = None

    def learn(self, *, was_up: bool, is_there: bool, understood: bool) -> bool:
        """Take in how a connection of this version went, and return whether to try the other at once.

        Parameters
        ----------
        was_up : bool
            Whether it came up.
        is_there : bool
            Whether somebody took the connection; if nobody did, no version would help.
        understood : bool
            Whether the broker answered, and not that it does not speak this version.
        """
        if was_up:
            self._worked = self.version
        elif is_there and not understood:
            if self.version is MQTTProtocolVersion.MQTTv5:
                self.version = MQTTProtocolVersion.MQTTv311
                return True
            self._worked = None
        self.version = self._worked or MQTTProtocolVersion.MQTTv5
        return False


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
    context = tls_context(settings)
    if context is not None:
        client.tls_set_context(context)
    return client


def tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    """Return how to encrypt, or ``None`` where TLS is off: TLS 1.2 or later, the broker's name and certificate checked.

    Raises
    ------
    BrokerConfigurationError
        If a certificate cannot be read.
    """
    if not settings.uses_tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.broker_ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.broker_certificate_file is not None:
            context.load_cert_chain(settings.broker_certificate_file, settings.broker_key_file)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise BrokerConfigurationError(
            f"TLS for {settings.broker_host}: {error}; check the CA, certificate and key files"
        ) from error
    return context
