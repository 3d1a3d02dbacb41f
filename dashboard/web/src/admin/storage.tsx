// What is stored, how long it lasts, and for how long it is kept.

import { useSignal } from "@preact/signals";
import { getStorage, placeHold, releaseHold, setPolicy } from "../api/admin";
import type { Hold, Policy, RoomNow, StorageNow } from "../api/schema";
import { patientPath } from "../router";
import { everyone } from "../ward/ward";
import { bytes, dayAndTime, decimal } from "../words/numbers";
import { plural, words } from "../words/words";
import { useActing, useListed } from "./act";
import { Card } from "./card";
import { LoadedState, Panel, Table } from "./panel";
import { type Question, Sure } from "./sure";

export function StorageSection() {
  const { loaded, reload } = useListed(getStorage);
  const found = loaded.value.value;
  return (
    <>
      <LoadedState loaded={loaded} again={reload} />
      {found !== null && (
        <>
          <RoomPanel room={found.room} />
          <Panel id="retention" title={words("retention.title")} hint={retentionHint(found)}>
            <ul class="admin-cards">
              {found.policies.map((policy) => (
                <PolicyCard key={policy.kind} policy={policy} done={reload} />
              ))}
            </ul>
          </Panel>
          <HoldsPanel holds={found.holds} done={reload} />
        </>
      )}
    </>
  );
}

const retentionHint = (found: StorageNow) => words("retention.hint", { hours: found.grace_hours });

function RoomPanel({ room }: { room: RoomNow | null }) {
  return (
    <Panel
      id="room"
      title={words("room.title")}
      hint={room === null ? words("room.not_yet") : words("room.looked", { time: dayAndTime(room.at_us) })}
    >
      {room !== null && (
        <>
          <dl class="admin-figures">
            <Figure name={words("room.stored")} value={bytes(room.bytes)} />
            <Figure
              name={words("room.free")}
              value={room.free_bytes === null ? words("room.elsewhere") : bytes(room.free_bytes)}
            />
            <Figure
              name={words("room.growth")}
              value={
                room.growth_bytes_day === null
                  ? words("room.growth_unknown")
                  : words("room.a_day", { size: bytes(Math.max(0, room.growth_bytes_day)) })
              }
            />
            <Figure
              name={words("room.lasts")}
              value={room.days_left === null ? "–" : plural("room.days", Math.floor(room.days_left))}
              bad={room.days_left !== null && room.days_left < 14}
            />
          </dl>
          <Table
            label={words("room.parts")}
            heads={[words("room.part"), words("room.size"), words("room.share")]}
            rows={room.parts.map((part) => [
              words(`part.${part.name.replaceAll(" ", "_")}` as Parameters<typeof words>[0]),
              bytes(part.bytes),
              `${decimal((100 * part.bytes) / Math.max(1, room.bytes))} %`,
            ])}
          />
        </>
      )}
    </Panel>
  );
}

function Figure({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) {
  return (
    <div data-bad={bad}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function PolicyCard({ policy, done }: { policy: Policy; done: () => void }) {
  const acting = useActing();
  const changing = useSignal(false);
  const keep = async (keepDays: number | null) => {
    if (!(await acting.act(() => setPolicy(policy.kind, keepDays)))) return;
    changing.value = false;
    done();
  };
  const name = words(`kind.${policy.kind}`);
  return (
    <Card
      title={name}
      change={policy.kind === "dead_letters" ? null : words("retention.change_of", { name })}
      acting={acting}
      changing={changing}
      submit={(given) => keep(Number(given.get("days")))}
      fields={
        <label>
          <span>{words("retention.keep_days")}</span>
          <input name="days" type="number" min={1} max={36500} required defaultValue={policy.keep_days ?? 365} />
        </label>
      }
      buttons={
        <>
          <button type="submit" class="button danger" aria-disabled={acting.busy.value}>
            {words("retention.keep")}
          </button>
          <button type="button" class="button" aria-disabled={acting.busy.value} onClick={() => keep(null)}>
            {words("retention.keep_for_ever")}
          </button>
        </>
      }
    >
      <p>
        {policy.keep_days === null
          ? words("retention.for_ever")
          : plural("retention.days", policy.keep_days, { by: policy.set_by ?? "" })}
        {policy.keep_rows !== null && ` ${words("retention.newest", { n: policy.keep_rows })}`}
      </p>
      {policy.oldest_us !== null && (
        <p class="nothing">{words("retention.oldest", { time: dayAndTime(policy.oldest_us) })}</p>
      )}
      {policy.effective_us !== null && policy.effective_us > Date.now() * 1000 && (
        <p class="nothing">{words("retention.from", { time: dayAndTime(policy.effective_us) })}</p>
      )}
    </Card>
  );
}

function HoldsPanel({ holds, done }: { holds: Hold[]; done: () => void }) {
  const { busy, problem, act } = useActing();
  const place = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const patient = Number(given.get("patient"));
    if (await act(() => placeHold(patient, String(given.get("why") ?? "").trim()))) {
      form.reset();
      done();
    }
  };
  const question = useSignal<Question | null>(null);
  const release = ({ patient_id: id, name }: Hold): Question => ({
    title: words("holds.release_sure", { name }),
    means: [words("holds.release_means", { name })],
    act: words("holds.release"),
    work: () => releaseHold(id),
  });
  const free = everyone.value.filter(({ patient }) => !holds.some((hold) => hold.patient_id === patient.id));
  return (
    <Panel id="holds" title={words("holds.title")} hint={words("holds.hint")}>
      {holds.length === 0 ? (
        <p>{words("holds.none")}</p>
      ) : (
        <Table
          label={words("holds.title")}
          heads={[words("holds.patient"), words("holds.why"), words("holds.since"), ""]}
          rows={holds.map((hold) => [
            <a key="name" href={patientPath(hold.patient_id)}>
              {hold.name}
            </a>,
            hold.why,
            words("holds.by", { name: hold.by, time: dayAndTime(hold.at_us) }),
            <button
              key="release"
              type="button"
              class="button"
              aria-disabled={busy.value}
              aria-label={words("holds.release_of", { name: hold.name })}
              onClick={() => {
                question.value = release(hold);
              }}
            >
              {words("holds.release")}
            </button>,
          ])}
        />
      )}
      <Sure question={question} onDone={done} />
      {free.length > 0 && (
        <form class="care-form" onSubmit={place}>
          <label>
            <span>{words("holds.patient")}</span>
            <select name="patient" required>
              {free.map(({ patient }) => (
                <option key={patient.id} value={patient.id}>
                  {patient.ward ? `${patient.name} (${patient.ward})` : patient.name}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>{words("holds.why")}</span>
            <input name="why" maxLength={500} required pattern=".*\S.*" autocomplete="off" />
          </label>
          <button type="submit" class="button main" aria-disabled={busy.value}>
            {words("holds.place")}
          </button>
        </form>
      )}
      <p class="problem" role="alert">
        {problem.value}
      </p>
    </Panel>
  );
}
