"""The system around a patient's phone, whose broker is Mosquitto with TLS over websockets."""

import time
from collections.abc import Mapping
from typing import Final, NamedTuple, Self

import httpx
import psycopg

from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from tests.browser.served_stack import ServedStack
from tests.servers.plain_http import PLAIN
from tests.servers.process import Process
from tests.servers.secured import SecuredMosquitto
from tests.servers.waiting import wait_until

NURSE: Final = "Nora Nurse"
WARD: Final = "Cardiology Ward B"
#: Wrong codes from one address before further ones are refused.
TRIES: Final = 20


class StoredEcg(NamedTuple):
    """A frame as the database has it."""

    boot_id: int
    seq: int
    t0_us: int
    flags: int
    samples: bytes


class PhoneStack(ServedStack):
    """Real services, and a nurse who is signed in."""

    def __init__(self) -> None:
        tries = {"HEARTWIRE_DASHBOARD_PAIRING_TRIES_ADDRESS": str(TRIES)}
        super().__init__(SecuredMosquitto(), ingest={}, dashboard=tries)
        self._nurse: httpx.Client | None = None
        self._analytics: Process | None = None

    def __enter__(self) -> Self:
        """Start everything; ready when the nurse is signed in."""
        super().__enter__()
        try:
            self._nurse = self._sign_in()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Kill everything and delete its data."""
        if self._nurse is not None:
            self._nurse.close()
        super().close()

    @property
    def nurse(self) -> httpx.Client:
        """A nurse who is signed in."""
        assert self._nurse is not None
        return self._nurse

    def add_patient(self, name: str) -> int:
        """Register a patient and return the id; the device that the registry asks for never sends."""
        with psycopg.connect(self.database) as connection:
            return add_patient(connection, name, ward=WARD, device=new_device())

    def code(self, patient_id: int) -> str:
        """Make a pairing code, as the nurse does."""
        answer = self.nurse.post("/api/pairing-codes", json={"patient_id": patient_id})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["code"])

    def pair(self, code: str) -> int:
        """Pair another device by a code, and return the status of the answer."""
        return httpx.post(
            f"{self.url}/api/pair", json={"code": code, "description": "another"}, timeout=15, verify=PLAIN
        ).status_code

    def read_symptoms(self, patient_id: int) -> None:
        """Read what a patient felt, as the nurse does; what was added meanwhile is read, too."""

        def read(symptom_id: int, additions: int) -> bool:
            answer = self.nurse.post(f"/api/symptoms/{symptom_id}/read", json={"additions": additions})
            return answer.status_code == 200

        def are_read() -> bool:
            found = self.nurse.get(f"/api/patients/{patient_id}/symptoms").json()["symptoms"]
            return bool(found) and all(read(one["id"], one["additions"]) for one in found)

        wait_until(are_read, "the symptoms to be read")

    def say(self, patient_id: int, text: str) -> None:
        """Write to a patient, as the nurse does."""
        answer = self.nurse.post(f"/api/patients/{patient_id}/messages", json={"text": text})
        assert answer.status_code == 201, answer.text

    def ask(self, patient_id: int, form: Mapping[str, object]) -> None:
        """Ask a patient something, as the nurse does."""
        answer = self.nurse.post(f"/api/patients/{patient_id}/questions", json=form)
        assert answer.status_code == 201, answer.text

    def expire_codes(self, patient_id: int) -> None:
        """Let the codes of a patient be too old."""
        self.query("UPDATE pairing_codes SET expires_at = now() - interval '1 s' WHERE patient_id = %s", patient_id)

    def forget_tries(self) -> None:
        """Let nobody have to wait because of wrong codes."""
        self.query("DELETE FROM pairing_failures")

    def device(self, patient_id: int) -> str:
        """Return the patient's paired device."""
        rows = self.query(
            "SELECT device_id FROM device_credentials JOIN devices USING (device_id) WHERE patient_id = %s", patient_id
        )
        assert len(rows) == 1, rows
        return str(rows[0][0])

    def revoke(self, device: str) -> None:
        """Shut a device out, as the nurse does."""
        answer = self.nurse.post(f"/api/devices/{device}/revoke", json={"why": "lost"})
        assert answer.status_code == 204, answer.text

    def analyse(self) -> None:
        """Let analytics run from now on; it takes its time to begin."""
        if self._analytics is None:
            self._analytics = self.make("analytics", env={"HEARTWIRE_ANALYTICS_DATABASE": self.database})
            self._analytics.start()

    def alarms(self, patient_id: int) -> list[tuple[str, bool]]:
        """Return call and lateness of each alarm of a patient, as the ledger has them."""
        return [
            (row[0], row[1])
            for row in self.query("SELECT call, late FROM alarms WHERE patient_id = %s ORDER BY onset_at", patient_id)
        ]

    def ecg(self, patient_id: int) -> list[StoredEcg]:
        """Return the stored ECG of a patient, in the order of its time."""
        rows = self.query(
            "SELECT s.boot_id, f.seq, (extract(epoch FROM f.t0) * 1e6)::bigint, f.flags, f.samples"
            " FROM ecg_frames AS f JOIN streams AS s USING (stream_id) WHERE f.patient_id = %s ORDER BY f.t0, f.seq",
            patient_id,
        )
        return [StoredEcg(row[0], row[1], row[2], row[3], bytes(row[4])) for row in rows]

    def heart_rates(self, patient_id: int) -> list[tuple[int, int]]:
        """Return rate and contact of each stored heart rate."""
        return [
            (row[0], row[1])
            for row in self.query("SELECT bpm, contact FROM hr_frames WHERE patient_id = %s ORDER BY t0", patient_id)
        ]

    def events(self, patient_id: int, kind: str) -> list[str]:
        """Return what the patient said, in the order in which it was said."""
        rows = self.query(
            "SELECT e.text FROM patient_events AS e JOIN streams AS s USING (stream_id)"
            " WHERE e.patient_id = %s AND e.kind = %s ORDER BY s.boot_id, e.seq",
            patient_id,
            kind,
        )
        return [row[0] for row in rows]

    def said_at_us(self, patient_id: int, kind: str) -> list[int]:
        """Return when the patient said so, by the device's clock, microseconds UTC."""
        rows = self.query(
            "SELECT (extract(epoch FROM t0) * 1e6)::bigint FROM patient_events WHERE patient_id = %s AND kind = %s"
            " ORDER BY t0, seq",
            patient_id,
            kind,
        )
        return [row[0] for row in rows]

    def _sign_in(self) -> httpx.Client:
        user = self.add_user(NURSE)
        client = httpx.Client(base_url=self.url, timeout=15, verify=PLAIN)
        answer = client.post("/api/session", json={"login": user.login, "password": user.password})
        assert answer.status_code == 200, answer.text
        client.headers["x-csrf-token"] = answer.json()["csrf"]
        return client


def now_us() -> int:
    """Return the time."""
    return time.time_ns() // 1000
