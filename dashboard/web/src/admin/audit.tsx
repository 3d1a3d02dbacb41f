// Who saw, changed and took out what, when; the newest first.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { getPeople, getTrail } from "../api/admin";
import type { Entry } from "../api/schema";
import { PeopleOptions } from "../parts/people_options";
import { useLoaded } from "../patient/loaded";
import { learnWays, waysIn } from "../sign_in/elsewhere";
import { everyone } from "../ward/ward";
import { calledIn } from "../words/called";
import { dayAndTime, NO_VALUE } from "../words/numbers";
import { type MessageKey, type Params, words, wordsOfError } from "../words/words";
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
  const everybody = people.value.value?.people ?? [];
  useEffect(() => {
    learnWays();
  }, []);
  const asked = `${who.value} ${patient.value}`;
  const filter = () => ({ user_id: who.value, patient_id: patient.value });
  const { loaded, reload } = useListed((abort) => getTrail(filter(), abort), asked);
  const first = loaded.value.value;
  useEffect(() => {
    if (first === null) return;
    entries.value = first.entries;
    more.value = first.more;
  }, [first]);
  const called = calledIn(everybody);
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
        <Choice label={words("on_call.who")} chosen={who}>
          <PeopleOptions people={everybody} />
        </Choice>
        <Choice label={words("holds.patient")} chosen={patient}>
          {everyone.value.map(({ patient: { id, name } }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Choice>
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
            whoOf(entry, called),
            <What key="what" entry={entry} called={called} />,
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

type Called = ReadonlyMap<number, string>;

function whoOf(entry: Entry, called: Called): string {
  if (entry.user_id !== null) return called.get(entry.user_id) ?? entry.name ?? NO_VALUE;
  if (entry.device !== null) return words("audit.device", { device: entry.device });
  return textIn(entry, "login") ?? words("audit.nobody");
}

/** What was done, and to whom; of who was not let in, why. */
function What({ entry, called }: { entry: Entry; called: Called }) {
  const of = typeof entry.detail["of"] === "number" ? called.get(entry.detail["of"]) : undefined;
  const act = nameOfAction(entry.action);
  if (entry.action !== "refused_sign_in") return <>{of === undefined ? act : words("audit.of", { act, name: of })}</>;
  const code = textIn(entry, "code") ?? "";
  const provider = textIn(entry, "provider") ?? NO_VALUE;
  const given = {
    provider: waysIn.value?.providers.find(({ key }) => key === provider)?.name ?? provider,
    address: textIn(entry, "address") ?? NO_VALUE,
    reason: textIn(entry, "reason") ?? textIn(entry, "claim") ?? NO_VALUE,
    subject: textIn(entry, "subject") ?? NO_VALUE,
  };
  return (
    <>
      {act}
      <div class="nothing">
        {known(`refusal.${code}`, given) ?? code} {words("refusal.from", given)}
      </div>
    </>
  );
}

const textIn = (entry: Entry, name: string): string | null => {
  const found = entry.detail[name];
  return typeof found === "string" && found !== "" ? found : null;
};

/** What a newer server calls otherwise is told by its own name. */
const nameOfAction = (action: string) => known(`act.${action}`) ?? action.replaceAll("_", " ");

function known(key: string, given: Params = {}): string | null {
  const said = words(key as MessageKey, given);
  return said === key ? null : said;
}

interface ChoiceProps {
  label: string;
  chosen: { value: string };
  children: ComponentChildren;
}

function Choice({ label, chosen, children }: ChoiceProps) {
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
        {children}
      </select>
    </label>
  );
}
