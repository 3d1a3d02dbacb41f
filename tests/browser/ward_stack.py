"""The whole system once for all browser tests: database, broker, ingest, analytics, dashboard, simulated patients."""

import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from heartwire.access import PROVISIONER, new_secret
from heartwire.broker_orders import admit
from heartwire.calls import get_call
from heartwire.settings import BrokerSettings
from heartwire.storage.registry import add_patient, set_limit
from heartwire.topics import new_device
from tests.browser.served_stack import ServedStack, Service, User
from tests.servers.process import Process
from tests.servers.secured import SecuredEmbedded

_DAYS: Final = """
    FROM devices AS d JOIN patients AS p USING (patient_id), generate_series(
        date_trunc('minute', now()) - %s * interval '1 day', date_trunc('minute', now()) - interval '10 min', '1 min'
    ) AS m (minute)
    WHERE p.name = %s AND extract(hour FROM minute) <> 3
"""
_DAYS_OF_BEATS: Final = f"""
    INSERT INTO beat_minutes (
        patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, rr_min_us, rr_max_us,
        beats_n, beats_s, beats_v, beats_f, beats_q
    )
    SELECT
        patient_id, minute, device_id, 'test',
        70 * (60e6 / (72 + 14 * sin(extract(epoch FROM minute) / 13751)))::bigint, p.tenant_id,
        70, 500000, 1100000, 70, 0, 0, 0, 0 {_DAYS}
"""  # noqa: S608
_DAYS_OF_SIGNAL: Final = f"""
    INSERT INTO ecg_minutes (patient_id, minute, device_id, lead, ecg_us, tenant_id)
    SELECT patient_id, minute, device_id, 'II', 60000000, p.tenant_id {_DAYS}
"""
_PAST_ALARMS: Final = """
    WITH onsets AS (
        SELECT
            d.*,
            -- Calls stand apart, so that each has its own beats.
            date_trunc('second', now()) - interval '1 hour' - n * interval '5 min'
                + ascii(%(call)s) %% 10 * interval '30 s' AS onset_at
        FROM devices AS d JOIN patients AS p USING (patient_id), generate_series(1, %(n)s) AS n
        WHERE p.name = %(name)s
    ), raised AS (
        INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)
        SELECT tenant_id, patient_id, device_id, %(call)s, %(priority)s, onset_at, onset_at + interval '5 s', 'test'
        FROM onsets
        RETURNING alarm_id
    ), ended AS (
        INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, ended_at, engine)
        SELECT tenant_id, patient_id, device_id, %(call)s, onset_at, onset_at + interval '20 s', 'test' FROM onsets
    ), found AS (
        INSERT INTO beats (patient_id, tenant_id, device_id, t, rr_s, amplitude_mv, label, engine)
        SELECT patient_id, tenant_id, device_id, onset_at + n * %(rr_s)s * interval '1 s', %(rr_s)s, 1, 'N', 'test'
        FROM onsets, generate_series(0, 5) AS n
        ON CONFLICT DO NOTHING
    )
    INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail)
    SELECT alarm_id, 1, kind, '{}' FROM raised, unnest(ARRAY['raised', 'ended']) AS kind
"""
Script = Sequence[Mapping[str, str | float]]


class WardStack(ServedStack):
    """Real services around an embedded database and broker, with analytics."""

    def __init__(self) -> None:
        super().__init__(
            SecuredEmbedded(),
            ingest={"HEARTWIRE_INGEST_LINKS_EVERY_S": "1"},
            dashboard={"HEARTWIRE_DASHBOARD_FACTOR_KEY": new_secret()},
        )
        self._provisioner: Final = BrokerSettings(
            broker_host=self.broker.host,
            broker_port=self.broker.port,
            broker_username=PROVISIONER,
            broker_password=SecretStr(self.broker.secrets[PROVISIONER]),
        )

    def _services(self) -> Sequence[Service]:
        analytics = self.make("analytics", env={"HEARTWIRE_ANALYTICS_DATABASE": self.database})
        return [*super()._services(), (analytics, lambda: "devices taken up" in analytics.log)]

    def add_patient(self, name: str, script: Script, *, ward: str = "Cardiology") -> Process:
        """Register a patient and start the device that plays his script; kill it and he goes quiet."""
        process = self.register_patient(name, script, ward=ward)
        process.start()
        return process

    def register_patient(self, name: str, script: Script, *, ward: str = "Cardiology") -> Process:
        """Register a patient whose device is not started yet."""
        device, secret = new_device(), new_secret()
        admit(self._provisioner, device, secret)
        with psycopg.connect(self.database) as connection:
            add_patient(connection, name, ward=ward, device=device)
        file = self.directory / f"{device}.json"
        file.write_text(json.dumps(script), encoding="utf-8")
        words = ("simulate", "patient", "--device", device, "--script", str(file))
        return self.make(*words, env=self.broker.env("simulate", device, secret))

    def add_ward(self, scripts: Mapping[str, Script], *, ward: str = "Cardiology") -> Process:
        """Register many patients and start one process that plays all their devices."""
        fleet = []
        with psycopg.connect(self.database) as connection:
            for seed, (name, script) in enumerate(scripts.items()):
                device, secret = new_device(), new_secret()
                admit(self._provisioner, device, secret)
                add_patient(connection, name, ward=ward, device=device)
                plays = {"device": device, "password": secret, "kind": "synthetic", "script": script, "seed": seed}
                fleet.append(plays)
        where = {"broker_host": self.broker.host, "broker_port": self.broker.port}
        file = self.directory / f"{ward}.json"
        file.write_text(json.dumps({**where, "patients": fleet}), encoding="utf-8")
        process = self.make(
            "simulate", "ward", "--config", str(file), env=self.broker.env("simulate", "each", "its own")
        )
        process.start()
        return process

    def pair(self, code: str, description: str = "Polar H10") -> dict[str, Any]:
        """Pair a phone by the code that a page shows, and return its credential."""
        body = json.dumps({"code": code, "description": description}).encode()
        with urllib.request.urlopen(f"{self.url}/api/pair", body, timeout=20) as answer:  # noqa: S310 # our own address
            return dict(json.load(answer))

    def expire_codes(self) -> None:
        """Let the time of every code that was not used be over."""
        with psycopg.connect(self.database) as connection:
            connection.execute("UPDATE pairing_codes SET expires_at = now() WHERE used_at IS NULL")

    def set_limit(self, name: str, call: str, limit: str, value: float) -> None:
        """Give the patient of that name a limit of his own."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute("SELECT patient_id FROM patients WHERE name = %s", (name,)).fetchone()
            assert row is not None
            set_limit(connection, row[0], call, limit, value)

    def raise_alarm(self, name: str, call: str, detail: Mapping[str, float]) -> int:
        """Raise an alarm of the patient of that name, as analytics does, and return its id."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute(
                "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, detail,"
                " engine)"
                " SELECT d.tenant_id, d.patient_id, d.device_id, %s, %s, now() - interval '4 s', now(), %s, 'test'"
                " FROM devices AS d JOIN patients AS p USING (patient_id) WHERE p.name = %s RETURNING alarm_id",
                (call, str(get_call(call).priority), Jsonb(dict(detail)), name),
            ).fetchone()
            assert row is not None
            self._add_event(connection, row[0], "raised")
            return int(row[0])

    def add_past_alarms(self, name: str, call: str, n: int, *, rr_s: float) -> None:
        """Let the patient of that name have had alarms, one every five minutes up to an hour ago, with beats."""
        with psycopg.connect(self.database) as connection:
            connection.execute(_PAST_ALARMS, {"name": name, "call": call, "n": n, "rr_s": rr_s,
                                              "priority": str(get_call(call).priority)})  # fmt: skip

    def settle_alarm(self, alarm_id: int, user: User) -> None:
        """End an alarm and acknowledge it."""
        with psycopg.connect(self.database) as connection:
            self._add_event(connection, alarm_id, "ended")
            self._add_event(connection, alarm_id, "acknowledged", user.login)

    def settle_system(self, user: User) -> None:
        """Acknowledge every alarm of the system itself: all wards hear it."""
        open_now = (
            "SELECT alarm_id FROM alarm_states"
            " WHERE patient_id IS NULL AND acknowledged_at IS NULL AND suppressed_at IS NULL"
        )
        with psycopg.connect(self.database) as connection:
            for (alarm_id,) in connection.execute(open_now).fetchall():
                self._add_event(connection, alarm_id, "acknowledged", user.login)

    @staticmethod
    def _add_event(connection: psycopg.Connection[TupleRow], alarm_id: int, kind: str, login: str = "") -> None:
        connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)"
            " SELECT %s, 1, %s, (SELECT user_id FROM users WHERE login = %s)",
            (alarm_id, kind, login),
        )

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Leave a transaction open, so that nothing that is stored from now on can be analysed."""
        with psycopg.connect(self.database) as connection:
            connection.execute("SELECT pg_current_xact_id()")
            yield

    def remember_days(self, name: str, days: int) -> None:
        """Let the patient of that name have minutes of so many days behind him, but for an hour of each night."""
        with psycopg.connect(self.database) as connection:
            connection.execute(_DAYS_OF_BEATS, (days, name))
            connection.execute(_DAYS_OF_SIGNAL, (days, name))
