// Who is on call, and after how long without an answer the next is told.

import { useSignal } from "@preact/signals";
import { addDuty, getChains, getDuties, removeDuty, setChain } from "../api/admin";
import { getColleagues } from "../api/alarms";
import type { Chain, Colleague, Duty } from "../api/schema";
import type { Priority } from "../api/types";
import { serverNowUs, tickUs } from "../live/server_clock";
import { PeopleOptions } from "../parts/people_options";
import { wards } from "../ward/ward";
import { zoneOfWard } from "../ward/zones";
import { calledIn } from "../words/called";
import { dayAndTime, span } from "../words/numbers";
import { words } from "../words/words";
import { fieldOf, floorTo, HERE, instantOf, zoneWords } from "../words/zone";
import { useActing, useListed } from "./act";
import { Card } from "./card";
import { LoadedState, Panel, Table } from "./panel";

const DAY_US = 86_400e6;
const HOUR_US = 3600e6;
const STEPS = [1, 2, 3, 4] as const;
const SHIFT_HOURS = 8;

export function OnCallSection() {
  return (
    <>
      <Roster />
      <Delays />
    </>
  );
}

function Roster() {
  const { loaded, reload, busy, problem, actAndReload } = useListed(async (abort) => {
    const now = serverNowUs();
    const [duties, people] = await Promise.all([getDuties(now - DAY_US, now + 31 * DAY_US, abort), getColleagues()]);
    return { duties, people };
  });
  const found = loaded.value.value;
  const called = calledIn(found?.people ?? []);
  const nameOf = (duty: Duty) => called.get(duty.user_id) ?? duty.name;
  const nowUs = Math.max(serverNowUs(), tickUs.value);
  const steps = new Set(
    found?.duties.filter((duty) => isNow(duty, nowUs) && duty.can_be_reached).map(({ step }) => step),
  );
  return (
    <Panel id="roster" title={words("on_call.title")} hint={words("on_call.hint")}>
      <LoadedState loaded={loaded} again={reload} />
      {found !== null && !steps.has(1) && (
        <p class="problem" role="alert">
          {words("on_call.nobody_now")}
        </p>
      )}
      {found !== null && found.duties.length > 0 && (
        <Table
          label={words("on_call.title")}
          heads={[
            words("on_call.who"),
            words("on_call.as"),
            words("on_call.ward"),
            words("on_call.from"),
            words("on_call.to"),
            "",
          ]}
          rows={found.duties.map((duty) => [
            <>
              {nameOf(duty)}
              {isNow(duty, nowUs) && <strong> {words("on_call.now")}</strong>}
              {!duty.can_be_reached && <span class="problem"> {words("on_call.no_contact")}</span>}
            </>,
            words("on_call.step", { n: duty.step }),
            duty.ward ?? words("on_call.all_wards"),
            dayAndTime(duty.from_us, zoneOf(duty.ward)),
            dayAndTime(duty.to_us, zoneOf(duty.ward)),
            <button
              key="remove"
              type="button"
              class="button"
              aria-disabled={busy.value}
              aria-label={words("on_call.remove_of", {
                name: nameOf(duty),
                time: dayAndTime(duty.from_us, zoneOf(duty.ward)),
              })}
              onClick={() => actAndReload(() => removeDuty(duty.id))}
            >
              {words("on_call.remove")}
            </button>,
          ])}
        />
      )}
      <p class="problem" role="alert">
        {problem.value}
      </p>
      {found !== null && <NewDutyForm people={found.people} done={reload} />}
    </Panel>
  );
}

const isNow = (duty: Duty, nowUs: number) => duty.from_us <= nowUs && nowUs < duty.to_us;

/** A duty's times are its ward's; of all wards the hospital's. */
const zoneOf = (name: string | null) => zoneOfWard(name ?? "") ?? HERE;

function NewDutyForm({ people, done }: { people: Colleague[]; done: () => void }) {
  const { busy, problem, act } = useActing();
  const ward = useSignal("");
  const of = zoneOf(ward.value || null);
  const beginUs = floorTo(serverNowUs(), HOUR_US, of);
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = (field: string) => String(given.get(field) ?? "");
    const duty = {
      user_id: Number(text("user")),
      step: Number(text("step")),
      ward: ward.value || null,
      // In the night when clocks are turned back a duty begins with the first of two, and ends with the last.
      from_us: instantOf(text("from"), of, "first") ?? 0,
      to_us: instantOf(text("to"), of, "last") ?? 0,
    };
    if (await act(() => addDuty(duty))) done();
  };
  if (people.length === 0) return <p>{words("on_call.no_people")}</p>;
  return (
    <form class="care-form" onSubmit={add}>
      <h3>{words("on_call.new")}</h3>
      <label>
        <span>{words("on_call.who")}</span>
        <select name="user" required>
          <PeopleOptions people={people} />
        </select>
      </label>
      <label>
        <span>{words("on_call.as")}</span>
        <select name="step">
          {STEPS.map((step) => (
            <option key={step} value={step}>
              {words("on_call.step", { n: step })}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{words("on_call.ward")}</span>
        <select
          name="ward"
          value={ward.value}
          onChange={(event) => {
            ward.value = event.currentTarget.value;
          }}
        >
          <option value="">{words("on_call.all_wards")}</option>
          {wards.value.filter(Boolean).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{words("on_call.from")}</span>
        <input type="datetime-local" name="from" required defaultValue={fieldOf(beginUs, of)} />
      </label>
      <label>
        <span>{words("on_call.to")}</span>
        <input type="datetime-local" name="to" required defaultValue={fieldOf(beginUs + SHIFT_HOURS * HOUR_US, of)} />
      </label>
      <p class="nothing">{words("on_call.zone", { zone: zoneWords(of) })}</p>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <button type="submit" class="button main" aria-disabled={busy.value}>
        {words("on_call.add")}
      </button>
    </form>
  );
}

function Delays() {
  const { loaded, reload } = useListed(getChains);
  return (
    <Panel id="delays" title={words("delays.title")} hint={words("delays.hint")}>
      <LoadedState loaded={loaded} again={reload} />
      <ul class="admin-cards">
        {loaded.value.value?.map((chain) => (
          <ChainCard key={`${chain.ward} ${chain.priority}`} chain={chain} done={reload} />
        ))}
      </ul>
    </Panel>
  );
}

function ChainCard({ chain, done }: { chain: Chain; done: () => void }) {
  const acting = useActing();
  const changing = useSignal(false);
  const priority = words(`priority.${chain.priority as Priority}`);
  const set = async (delaysS: number[] | null) => {
    if (!(await acting.act(() => setChain({ ...chain, delays_s: delaysS })))) return;
    changing.value = false;
    done();
  };
  return (
    <Card
      title={chain.ward === null ? priority : `${priority}, ${chain.ward}`}
      change={words("delays.change_of", { priority })}
      acting={acting}
      changing={changing}
      submit={(given) => set(secondsIn(String(given.get("delays"))))}
      fields={
        <label>
          <span>{words("delays.seconds")}</span>
          <input
            name="delays"
            defaultValue={chain.delays_s.join(", ")}
            pattern="\s*(\d{1,4}\s*([,;\s]\s*\d{1,4}\s*)*)?"
          />
        </label>
      }
      buttons={
        <>
          <button type="submit" class="button main" aria-disabled={acting.busy.value}>
            {words("delays.save")}
          </button>
          {!chain.is_default && (
            <button type="button" class="button" aria-disabled={acting.busy.value} onClick={() => set(null)}>
              {words("delays.back")}
            </button>
          )}
        </>
      }
    >
      {chain.delays_s.length === 0 ? (
        <p>{words("delays.nobody")}</p>
      ) : (
        <ol class="admin-steps">
          {chain.delays_s.map((seconds, i) => (
            <li key={i}>
              {words(i === 0 ? "delays.first" : "delays.then", {
                span: span(seconds),
                step: words("on_call.step", { n: i + 1 }),
              })}
            </li>
          ))}
        </ol>
      )}
      <p class="nothing">{words(chain.is_default ? "delays.default" : "delays.own")}</p>
    </Card>
  );
}

const secondsIn = (text: string) =>
  text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);
