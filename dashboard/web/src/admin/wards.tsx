// The wards, and in which zone each lives: its times are told in it.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { addWard, changeHospital, changeWard, getWards, removeWard } from "../api/admin";
import type { WardRow } from "../api/schema";
import { plural, words } from "../words/words";
import { zoneWords } from "../words/zone";
import { useListed } from "./act";
import { LoadedState, Panel, Table } from "./panel";
import { type Question, Sure, SureButton } from "./sure";

const ZONES: readonly string[] = ["UTC", ...Intl.supportedValuesOf("timeZone")];

export function WardsSection() {
  const changing = useSignal<WardRow | null>(null);
  const question = useSignal<Question | null>(null);
  const { loaded, reload, busy, problem, actAndReload } = useListed(getWards);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const wish = { name: String(given.get("name")).trim(), zone: String(given.get("zone")) };
    const ward = changing.value;
    if (!(await actAndReload(() => (ward === null ? addWard(wish) : changeWard(ward.id, wish))))) return;
    changing.value = null;
    form.reset();
  };
  const name = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // The form is below: who chose a ward goes on there.
    if (changing.value !== null) name.current?.focus();
  }, [changing.value]);
  const { value } = loaded.value;
  const wards = value?.wards ?? [];
  return (
    <Panel id="wards" title={words("wards.title")} hint={words("wards.hint")}>
      <LoadedState loaded={loaded} again={reload} />
      {value !== null && (
        <ZoneChoice
          label={words("wards.hospital_zone")}
          chosen={value.zone}
          onChoose={(zone) => {
            if (!busy.value) actAndReload(() => changeHospital(zone));
          }}
        />
      )}
      {value !== null && wards.length === 0 && <p>{words("wards.none")}</p>}
      {wards.length > 0 && (
        <Table
          label={words("wards.title")}
          heads={[words("people.name"), words("wards.zone"), words("wards.patients"), ""]}
          rows={wards.map((ward) => [
            ward.name,
            zoneWords(ward.zone),
            plural("counts.patients", ward.n_patients),
            <div key="acts" class="row">
              <button
                type="button"
                class="button"
                aria-label={words("people.act_of", { act: words("people.change"), name: ward.name })}
                onClick={() => {
                  changing.value = ward;
                }}
              >
                {words("people.change")}
              </button>
              {ward.n_patients === 0 && (
                <SureButton
                  question={question}
                  label={words("people.act_of", { act: words("wards.remove"), name: ward.name })}
                  busy={busy}
                  asks={{
                    title: words("wards.remove_sure", { name: ward.name }),
                    means: [words("wards.remove_means")],
                    act: words("wards.remove"),
                    work: () => removeWard(ward.id),
                  }}
                />
              )}
            </div>,
          ])}
        />
      )}
      <Sure question={question} onDone={reload} />
      <form key={changing.value?.id ?? "new"} class="care-form" onSubmit={save}>
        <h3>
          {changing.value === null ? words("wards.new") : words("people.change_of", { name: changing.value.name })}
        </h3>
        <label>
          <span>{words("people.name")}</span>
          <input
            ref={name}
            name="name"
            maxLength={80}
            required
            pattern=".*\S.*"
            autocomplete="off"
            defaultValue={changing.value?.name ?? ""}
          />
        </label>
        {value !== null && (
          <ZoneChoice name="zone" label={words("wards.zone")} chosen={changing.value?.zone ?? value.zone} />
        )}
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <div class="row">
          <button type="submit" class="button main" aria-disabled={busy.value}>
            {words(changing.value === null ? "wards.add" : "people.save")}
          </button>
          {changing.value !== null && (
            <button
              type="button"
              class="button"
              onClick={() => {
                changing.value = null;
              }}
            >
              {words("admin.cancel")}
            </button>
          )}
        </div>
      </form>
    </Panel>
  );
}

interface ZoneProps {
  label: string;
  name?: string;
  chosen: string;
  onChoose?: (zone: string) => void;
}

function ZoneChoice({ label, name, chosen, onChoose }: ZoneProps) {
  // What is set is in the list, though this browser may call it otherwise.
  const zones = ZONES.includes(chosen) ? ZONES : [chosen, ...ZONES];
  return (
    <label class={name === undefined ? "admin-choice" : undefined}>
      <span>{label}</span>
      <select name={name} onChange={(event) => onChoose?.(event.currentTarget.value)}>
        {zones.map((zone) => (
          <option key={zone} value={zone} selected={zone === chosen}>
            {zoneWords(zone)}
          </option>
        ))}
      </select>
    </label>
  );
}
