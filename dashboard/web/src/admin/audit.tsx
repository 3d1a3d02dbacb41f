// Who saw, changed and took out what, when; the newest first.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { getPeople, getTrail } from "../api/admin";
import type { Entry } from "../api/schema";
import { useLoaded } from "../patient/loaded";
import { everyone } from "../ward/ward";
import { dayAndTime } from "../words/numbers";
import { type MessageKey, words, wordsOfError } from "../words/words";
import { zone, zoneWords } from "../words/zone";
import { useListed } from "./act";
import { LoadedState, Panel, Table } from "./panel";

export function AuditSection() {
  const who = useSignal("");
  const patient = useSignal("");
  const entries = useSignal<readonly Entry[]>([]);
  const more = useSignal(false);
  const problem = useSignal("");
  const people = useLoaded("people", (abort) => getPeople(abort));
  const asked = `${who.value} ${patient.value}`;
  const filter = () => ({ user_id: who.value, patient_id: patient.value });
  const { loaded, reload } = useListed((abort) => getTrail(filter(), abort), asked);
  const first = loaded.value.value;
  useEffect(() => {
    if (first === null) return;
    entries.value = first.entries;
    more.value = first.more;
  }, [first]);
  const older = async () => {
    const last = entries.value.at(-1);
    if (last === undefined) return;
    problem.value = "";
    try {
      const page = await getTrail({ ...filter(), before: String(last.id) });
      entries.value = [...entries.value, ...page.entries];
      more.value = page.more;
    } catch (error) {
      problem.value = wordsOfError(error);
    }
  };
  return (
    <Panel id="audit" title={words("audit.title")} hint={words("audit.hint")}>
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <Choice
          label={words("on_call.who")}
          chosen={who}
          options={(people.value.value ?? []).map(({ id, name }) => ({ id, name }))}
        />
        <Choice
          label={words("holds.patient")}
          chosen={patient}
          options={everyone.value.map((one) => ({ id: one.patient.id, name: one.patient.name }))}
        />
      </form>
      <p class="nothing">{words("zone.of_hospital", { zone: zoneWords(zone.value) })}</p>
      <LoadedState loaded={loaded} again={reload} />
      {first !== null && entries.value.length === 0 && <p>{words("audit.none")}</p>}
      {entries.value.length > 0 && (
        <Table
          label={words("audit.title")}
          heads={[words("audit.when"), words("on_call.who"), words("audit.what"), words("holds.patient")]}
          rows={entries.value.map((entry) => [
            dayAndTime(entry.at_us),
            entry.name ?? words("audit.device", { device: entry.device ?? "–" }),
            nameOfAction(entry.action),
            entry.patient ?? "",
          ])}
        />
      )}
      <p class="problem" role="alert">
        {problem.value}
      </p>
      {more.value && (
        <button type="button" class="button" onClick={older}>
          {words("audit.older")}
        </button>
      )}
    </Panel>
  );
}

/** What a newer server calls otherwise is told by its own name. */
function nameOfAction(action: string): string {
  const key = `act.${action}`;
  const name = words(key as MessageKey);
  return name === key ? action.replaceAll("_", " ") : name;
}

interface ChoiceProps {
  label: string;
  chosen: { value: string };
  options: readonly { id: number; name: string }[];
}

function Choice({ label, chosen, options }: ChoiceProps) {
  return (
    <label class="admin-choice">
      <span>{label}</span>
      <select
        value={chosen.value}
        onChange={(event) => {
          chosen.value = event.currentTarget.value;
        }}
      >
        <option value="">{words("audit.all")}</option>
        {options.map(({ id, name }) => (
          <option key={id} value={String(id)}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
