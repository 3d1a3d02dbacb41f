"""Nobody sees or touches what is another tenant's or another ward's, by any route; the database sees to it, too."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest
from psycopg import sql

from dashboard.permissions import PERMISSIONS, Permission, Role
from heartwire.frames import encode
from heartwire.topics import Stream, Topic
from tests.conftest import ROOT, StartHeartwire
from tests.declared_routes import Declared, call_of, declared_routes
from tests.integration.dashboard_stack import Person, Screen, Stack, as_the_pages_server, on_one_pair
from tests.integration.tenants import OF_TENANT, PLACES, Kept, Tenants, fill, login_of
from tests.servers.fixtures import BrokerServer
from tests.servers.plain_http import PLAIN
from tests.servers.waiting import wait_until
from tests.wire import Device, ecg_frame

#: Ends the session that asks; and what lets somebody see another ward's patient (test_dashboard_trail.py).
#: And what asks for the own password, which counts as attempts to sign in (test_dashboard_second_factor.py).
_ABOUT_ONESELF = {
    ("DELETE", "/api/session"),
    ("POST", "/api/patients/{patient_id}/glass"),
    ("PUT", "/api/account/password"),
    ("POST", "/api/account/second-factor"),
    ("POST", "/api/account/second-factor/removal"),
    ("POST", "/api/account/recovery-codes"),
}
#: A check of the ledger says itself who had it made; a rehearsal that is done stays; what was read is read once.
_UNTOLD = {
    ("POST", "/api/ledger/checks"),
    ("DELETE", "/api/patients/{patient_id}/rehearsals/{rehearsal_id}"),
    ("POST", "/api/messages/{message_id}/read"),
}
_GUARDED = [route for route in declared_routes() if route.asks_session]


@pytest.fixture
def tenants(database: str) -> Tenants:
    return fill(database)


@pytest.fixture
def stack(tenants: Tenants, heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    assert tenants
    return Stack(heartwire_process, database, broker)


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str

    @property
    def code(self) -> str:
        """Why it was refused."""
        return str(json.loads(self.text)["error"]["code"]) if self.status >= 400 else ""

    def shows(self, one: Kept) -> bool:
        """Whether anything of a patient is in it."""
        return one.mark in self.text or re.search(rf'"patient_id": ?{one.patient_id}\b', self.text) is not None


def _ask(person: Person, route: Declared, about: Kept) -> Answer:
    call = call_of(route, about.ids)
    headers = {"last-event-id": "0"} if route.path.endswith("/stream") else {}
    with person.http.stream(call.method, call.path, params=call.query, json=call.body, headers=headers) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return Answer(answer.status_code, next(answer.iter_text()))  # it would go on for ever
        answer.read()
        return Answer(answer.status_code, answer.text)


def _names(route: Declared, about: Kept, *, is_of_tenant: bool) -> set[str]:
    """Return the parameters of a request, in its path and its body, that name something that is not the asker's."""
    body = call_of(route, about.ids).body
    given = set(re.findall(r"\{(\w+)\}", route.path)) | (set(body) if isinstance(body, dict) else set())
    return given & (about.ids.keys() | {"messages"}) - {"fields", "label", "limits"} - (
        OF_TENANT if is_of_tenant else set()
    )


@on_one_pair
@pytest.mark.parametrize("place", PLACES)
def test_no_route_shows_or_changes_what_is_anothers(stack: Stack, tenants: Tenants, place: str) -> None:
    before = _rows_of_all(stack)
    foreign = tenants.foreign_to(place)
    for role in Role:
        with stack.person(login_of(role, place)) as person:
            for route in _GUARDED:
                if (route.method, route.path) in _ABOUT_ONESELF:
                    continue
                is_forbidden = route.permission is not None and route.permission not in PERMISSIONS[role]
                for about in foreign[:1] if is_forbidden else foreign:  # whose it is makes no difference to a role
                    where = f"{role} of {place}: {route.method} {route.path}"
                    answer = _ask(person, route, about)
                    if is_forbidden:
                        assert (answer.status, answer.code) == (403, "forbidden"), where
                    elif names := _names(route, about, is_of_tenant=about.tenant == tenants.own_of(place).tenant):
                        refusals = [(404, "not_found")]
                        if not any("{" + name + "}" in route.path for name in names):
                            refusals.append((422, "invalid"))  # of a body: as for what does not exist
                        assert (answer.status, answer.code) in refusals, where
                    else:
                        assert answer.status < 500, where
                    for one in foreign:
                        assert not answer.shows(one), f"{where} shows {one.mark}"
    assert _rows_of_all(stack) == before, "something of another's was changed"


def _rows_of_all(stack: Stack) -> list[tuple[Any, ...]]:
    """Return what people could have changed of the three patients."""
    return [
        *stack.execute("SELECT kind, count(*) FROM alarm_events GROUP BY kind ORDER BY kind"),
        *stack.execute("SELECT message_id, read_by FROM care_messages ORDER BY message_id"),
        *stack.execute("SELECT symptom_id, read_by FROM symptoms ORDER BY symptom_id"),
        *stack.execute("SELECT device_id, revoked_at FROM devices ORDER BY device_id"),
        *stack.execute("SELECT device_id, hash FROM device_credentials ORDER BY device_id"),
        *stack.execute("SELECT pairing_code_id, expires_at FROM pairing_codes ORDER BY pairing_code_id"),
    ]


@on_one_pair
def test_the_same_requests_are_answered_about_the_own(stack: Stack, tenants: Tenants) -> None:
    """Or the test above would prove nothing."""
    for place in PLACES:
        own = tenants.own_of(place)
        with stack.person(login_of(Role.PHYSICIAN, place)) as person:
            shown = False
            for route in _GUARDED:
                if route.method == "GET" and route.permission in {None, *PERMISSIONS[Role.PHYSICIAN]}:
                    _forget_the_trail(stack)
                    answer = _ask(person, route, own)
                    assert answer.status == 200, f"{place}: {route.method} {route.path}: {answer.text}"
                    shown |= answer.shows(own)
                    if route.permission is Permission.SEE_PATIENT:
                        seen = stack.execute("SELECT patient_id FROM audit_events")
                        assert seen == [(own.patient_id,)], f"{route.path} shows a patient and nobody knows who looked"
            assert shown
            path = f"/api/alarms/{own.ids['alarm_id']}/acknowledgement"
            assert person.http.post(path).status_code == 200
            assert person.http.delete(path).status_code == 200
            path = f"/api/patients/{own.patient_id}/messages"
            assert person.http.post(path, json={"text": "Hello"}).status_code == 201
            assert person.http.post("/api/patients", json={"name": "New", "ward": "A"}).status_code == 201


def _forget_the_trail(stack: Stack) -> None:
    with psycopg.connect(stack.database) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM audit_events")


@on_one_pair
def test_every_change_is_in_the_trail(stack: Stack, tenants: Tenants) -> None:
    n_done = 0
    untold: set[tuple[str, str]] = set()
    with stack.person(login_of(Role.PHYSICIAN, "all")) as doctor, stack.person(login_of(Role.ADMIN, "all")) as admin:
        for route in _GUARDED:
            name = (route.method, route.path)
            if route.method == "GET" or name in _ABOUT_ONESELF:
                continue
            person = doctor if route.permission in {None, *PERMISSIONS[Role.PHYSICIAN]} else admin
            ((before,),) = stack.execute("SELECT count(*) FROM audit_events")
            answer = _ask(person, route, tenants.a)
            ((after,),) = stack.execute("SELECT count(*) FROM audit_events")
            if answer.status < 300:  # some ask for what only a person thinks of
                n_done += 1
                untold |= {name} if after == before else set()
    assert untold == _UNTOLD, "was done, and nobody knows by whom"
    assert n_done > 35


@on_one_pair
def test_a_patients_device_is_shown_that_patient_alone(stack: Stack, tenants: Tenants) -> None:
    with httpx.Client(base_url=stack.url, verify=PLAIN) as client:
        for own in tenants:
            word = b64encode(f"{own.device}:{own.secret}".encode()).decode()
            for route in declared_routes():
                if route.asks_device:
                    call = call_of(route, own.ids)
                    headers = {"authorization": f"Basic {word}"}
                    answer = client.request(call.method, call.path, params=call.query, headers=headers)
                    assert answer.status_code == 200, f"{route.path}: {answer.text}"
                    for one in tenants:
                        assert one is own or one.mark not in answer.text


def _wait_for_picture(screen: Screen) -> None:
    wait_until(lambda: bool(screen.wards), "a picture")


@on_one_pair
def test_a_screen_hears_nothing_of_anothers(stack: Stack, tenants: Tenants, broker: BrokerServer) -> None:
    everybody = [one.patient_id for one in tenants]
    for place in PLACES:
        own, foreign = tenants.own_of(place), tenants.foreign_to(place)
        for role in Role:
            with stack.person(login_of(role, place)) as person, person.screen() as screen:
                if Permission.SEE_WARD not in PERMISSIONS[role]:
                    assert screen.wait_for_close() == 4403
                    continue
                screen.watch(*everybody)
                _wait_for_picture(screen)
                for one in foreign:
                    assert one.mark not in str(screen.ward), f"{role} of {place} sees {one.mark}"
                assert own.mark in str(screen.ward)
    nurse, admin = login_of(Role.NURSE, "ward_a"), login_of(Role.ADMIN, "all")
    with (
        stack.person(nurse) as first,
        stack.person(admin) as second,
        first.screen() as screen,
        second.screen() as no_record,
        Device(broker.host, broker.port, tenants.a.device) as device,
    ):
        screen.watch(*everybody)
        no_record.watch(*everybody)
        seq = 0

        def own_wave_comes() -> bool:
            nonlocal seq
            for kept in (tenants.other, tenants.b, tenants.a):
                device.send_bytes(str(Topic(kept.device, Stream.ECG)), encode(ecg_frame(seq)))
            seq += 1
            return len(screen.ecg) >= 3

        wait_until(own_wave_comes, "the own patient's wave")
        assert {patient for patient, _ in screen.ecg} == {tenants.a.patient_id}
        assert no_record.ecg == []


@on_one_pair
def test_a_change_of_rights_is_seen_on_an_open_screen(stack: Stack, tenants: Tenants) -> None:
    with stack.person(login_of(Role.NURSE, "all")) as person, person.screen() as screen:
        wait_until(lambda: bool(screen.wards) and tenants.b.mark in str(screen.ward), "both wards")
        stack.execute("UPDATE users SET all_wards = false WHERE login = %s", login_of(Role.NURSE, "all"))
        wait_until(lambda: screen.ward["patients"] == [], "no ward")
        assert person.http.get(f"/api/patients/{tenants.a.patient_id}").status_code == 404
        stack.execute("UPDATE users SET role = 'patient' WHERE login = %s", login_of(Role.NURSE, "all"))
        assert screen.wait_for_close() == 4403


@pytest.fixture
def server_side(tenants: Tenants, database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection with the pages' server's rights, which owns nothing."""
    assert tenants
    with psycopg.connect(as_the_pages_server(database)) as connection:
        yield connection


def _see(connection: psycopg.Connection[Any], tenant: int, wards: str = "*", patients: str = "{}") -> None:
    connection.rollback()
    connection.execute(
        "SELECT set_config('heartwire.tenant_id', %s, true), set_config('heartwire.wards', %s, true),"
        " set_config('heartwire.patients', %s, true), set_config('role', 'heartwire_pages', true)",
        [str(tenant), wards, patients],
    )


_TABLES = """
SELECT c.relname::text, bool_or(a.attname = 'patient_id') FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
GROUP BY c.oid, c.relname HAVING bool_or(a.attname = 'tenant_id') ORDER BY 1
"""


_WRITABLE = """
SELECT c.relname::text FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND has_table_privilege('heartwire_pages', c.oid, 'INSERT, UPDATE, DELETE')
"""
#: A check of the ledger, which analytics begins, too (heartwire/storage/ledger.sql).
_WRITTEN_ELSEWHERE = {"ledger_checks"}
#: What only the door writes: `Database.connection`, without anybody's rights.
_OF_THE_DOOR = {"sign_in_failures", "pairing_failures", "sign_in_states"}


def _written_by_the_pages() -> set[str]:
    statements = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "dashboard").rglob("*.sql"))
    named = set(re.findall(r"\b(?:INSERT INTO|UPDATE|DELETE FROM) ([a-z_]+)\b", statements))
    return (named | _WRITTEN_ELSEWHERE) - _OF_THE_DOOR


def test_no_table_is_left_out(database: str) -> None:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT isolate()").fetchone()
        assert row == (0,), "migrate left something"
        for table, _ in connection.execute(_TABLES).fetchall():
            found = connection.execute(
                "SELECT relrowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid AND polname = 'seen')"
                " FROM pg_class AS c WHERE c.oid = %s::regclass",
                [table],
            ).fetchone()
            assert found == (True, 1), f"{table} is not isolated"
        views = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'"
            " AND NOT coalesce(reloptions, '{}') @> ARRAY['security_invoker=true']"
        ).fetchall()
        assert views == [], "a view shows what its owner sees"
        written = {table for (table,) in connection.execute(_WRITABLE)}
        assert written == _written_by_the_pages(), "a right to write that no statement of the pages' server needs"
        rights = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles"
            " WHERE rolname IN ('heartwire_pages', 'heartwire_door') ORDER BY 1"
        ).fetchall()
        assert rights == [("heartwire_door", False, False, False), ("heartwire_pages", False, False, False)]


def test_the_database_alone_tells_tenants_and_wards_apart(
    server_side: psycopg.Connection[Any], tenants: Tenants, database: str
) -> None:
    with psycopg.connect(database) as owner:
        tables = owner.execute(_TABLES).fetchall()
        ward_a = owner.execute("SELECT ward_id FROM wards WHERE tenant_id = 1 AND name = 'A'").fetchone()
    assert ward_a is not None
    seen_rows = 0
    for table, has_patient in tables:
        columns = "tenant_id, patient_id" if has_patient else "tenant_id, NULL"
        words = sql.SQL("SELECT {} FROM {}").format(sql.SQL(columns), sql.Identifier(table))
        of_ward = f"{{{ward_a[0]}}}"
        for wards, patients, visible in (
            ("*", "{}", {tenants.a.patient_id, tenants.b.patient_id}),
            (of_ward, "{}", {tenants.a.patient_id}),
            (of_ward, f"{{{tenants.b.patient_id}}}", {tenants.a.patient_id, tenants.b.patient_id}),
            ("{}", f"{{{tenants.other.patient_id}}}", set[int]()),
        ):
            _see(server_side, 1, wards, patients)
            for tenant_id, patient_id in server_side.execute(words).fetchall():
                is_nobodys = tenant_id is None and table == "retention_policies"  # how long dead letters are kept
                assert tenant_id == 1 or is_nobodys, f"{table} shows another tenant"
                assert patient_id is None or patient_id in visible, f"{table} shows another ward ({wards})"
                seen_rows += patient_id is not None
        server_side.rollback()
        server_side.execute("SET LOCAL ROLE heartwire_pages")
        assert server_side.execute(words).fetchall() == [], f"{table} shows something to nobody"
    assert seen_rows > 40
    _see(server_side, 1, of_ward)
    for of_ward_table in ("pauses", "hand_overs", "on_call", "escalation_chains"):
        ask = sql.SQL("SELECT DISTINCT ward FROM {}").format(sql.Identifier(of_ward_table))
        named = {ward for (ward,) in server_side.execute(ask)}
        assert "A" in named, of_ward_table
        assert "B" not in named, f"{of_ward_table} shows what is of another ward"
    of_alarms = server_side.execute("SELECT DISTINCT alarm_id FROM alarm_events").fetchall()
    assert of_alarms == [(tenants.a.ids["alarm_id"],)]
    devices = server_side.execute("SELECT device_id FROM device_status").fetchall()
    assert devices == [(tenants.a.device,)]


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("INSERT INTO patients (tenant_id, name) VALUES (2, 'Smuggled')", "row-level security"),
        ("INSERT INTO patients (tenant_id, name, ward) VALUES (1, 'Smuggled', 'B')", "row-level security"),
        ("UPDATE patients SET ward = 'B'", "row-level security"),
        (
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT max(alarm_id) OVER (), 2, 'ended' FROM alarms",
            "row-level security",
        ),
        ("SELECT password_hash FROM users", "permission denied"),
        ("SELECT token_hash FROM sessions", "permission denied"),
        ("SELECT secret FROM user_factors", "permission denied"),
        ("SELECT hash FROM device_credentials", "permission denied"),
        ("SELECT * FROM dead_letters", "permission denied"),
        ("UPDATE ecg_frames SET gain = 1", "permission denied"),
        ("DELETE FROM beats", "permission denied"),
        ("DELETE FROM audit_events", "permission denied"),
        ("DELETE FROM ledger_due", "permission denied"),
        ("INSERT INTO ledger SELECT * FROM ledger", "permission denied"),
        ("UPDATE patient_notes SET text = 'another'", "permission denied"),
        ("INSERT INTO retention_log (tenant_id, kind, before, n_rows, dropped_by) VALUES (1, 'x', now(), 0, 'x')",
         "permission denied"),
        ("TRUNCATE patients", "permission denied"),
        ("ALTER TABLE patients DISABLE ROW LEVEL SECURITY", "must be owner"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)
def test_what_the_pages_server_may_not(server_side: psycopg.Connection[Any], statement: str, refusal: str) -> None:
    _see(server_side, 1, "{1}")
    with pytest.raises(psycopg.Error, match=refusal):
        server_side.execute(statement)


def test_wards_and_the_wards_of_patients_go_together(tenants: Tenants, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE wards SET name = 'Cardiology' WHERE tenant_id = 1 AND name = 'A'")
        rows = connection.execute(
            "SELECT p.ward, w.name FROM patients AS p LEFT JOIN wards AS w USING (ward_id) ORDER BY p.patient_id"
        ).fetchall()
        assert rows == [("Cardiology", "Cardiology"), ("B", "B"), ("A", "A")]
        connection.execute("UPDATE patients SET ward = '' WHERE patient_id = %s", [tenants.a.patient_id])
        connection.execute("UPDATE patients SET ward = 'New' WHERE patient_id = %s", [tenants.b.patient_id])
        rows = connection.execute(
            "SELECT p.ward, w.name, w.tenant_id FROM patients AS p LEFT JOIN wards AS w USING (ward_id)"
            " ORDER BY p.patient_id"
        ).fetchall()
        assert rows == [("", None, None), ("New", "New", 1), ("A", "A", 2)]
