// What is paused: said everywhere with the time that is left and whose word it was; begun here, ended here.

import { useSignal } from "@preact/signals";
import { beginPause, endPause } from "../api/alarms";
import type { Pause, PauseKind, WardPatient } from "../api/types";
import { tickUs } from "../live/server_clock";
import { SoundIcon } from "../parts/icons";
import { learnPause, ward, wardShown, watchedOf } from "../ward/ward";
import { countdown } from "../words/numbers";
import { words } from "../words/words";
import { SILENCE_S, sayFailure } from "./answer";
import { mayAct, mayTurnOff } from "./caring";
import { holdsFor } from "./in_force";

/** Lengths to choose from, minutes; within what the server takes. */
const MINUTES: Readonly<Record<PauseKind, readonly number[]>> = {
  audio_paused: [2, 5, 10],
  alarms_paused: [5, 15, 30],
  alarms_off: [60, 240, 720, 1440],
};

function whose({ patient_id: id, ward: name }: Pause): string {
  if (id !== null) return watchedOf(id)?.patient.name ?? "";
  return name ?? words("pause.of_all");
}

/** On every page: what does not sound, or is not told, of whom, for how long still, and who decided it. */
export function PauseBanner() {
  const pauses = ward.value?.pauses ?? [];
  if (pauses.length === 0) return null;
  return (
    <ul class="pauses" aria-label={words("pause.label")}>
      {pauses.map((pause) => (
        <Line key={pause.id} pause={pause} />
      ))}
    </ul>
  );
}

export function PauseList({ of }: { of: WardPatient }) {
  const pauses = (ward.value?.pauses ?? []).filter((pause) => holdsFor(pause, of));
  if (pauses.length === 0) return null;
  return (
    <ul class="pauses">
      {pauses.map((pause) => (
        <Line key={pause.id} pause={pause} />
      ))}
    </ul>
  );
}

function Line({ pause }: { pause: Pause }) {
  const busy = useSignal(false);
  const end = async () => {
    if (busy.value) return;
    busy.value = true;
    try {
      learnPause(await endPause(pause));
    } catch (error) {
      sayFailure(error);
    } finally {
      busy.value = false;
    }
  };
  const of = whose(pause);
  return (
    <li class="pause" data-kind={pause.kind}>
      <SoundIcon state="off" />
      <strong>{words(`pause.${pause.kind}`)}</strong>
      <span>{of}</span>
      <span class="pause-left">
        {words("pause.left", { time: countdown((pause.until_us - tickUs.value) / 1e6), name: pause.name })}
      </span>
      {pause.reason && <q>{pause.reason}</q>}
      {mayAct.value && (
        <button
          type="button"
          class="button"
          aria-label={`${words("pause.end")}: ${of}`}
          aria-disabled={busy.value}
          onClick={end}
        >
          {words("pause.end")}
        </button>
      )}
    </li>
  );
}

/** Stills the sound of the ward on this screen, or of all, for everybody, for a moment: a resuscitation, a visit. */
export function SoundPause() {
  const busy = useSignal(false);
  const name = wardShown.value;
  const begin = async () => {
    if (busy.value) return;
    busy.value = true;
    try {
      const where = name === null ? {} : { ward: name };
      learnPause(await beginPause({ kind: "audio_paused", seconds: SILENCE_S, ...where }));
    } catch (error) {
      sayFailure(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <button type="button" class="button" aria-disabled={busy.value} onClick={begin}>
      <SoundIcon state="off" />
      {name === null ? words("pause.sound_of_all") : words("pause.sound_of", { ward: name || words("filter.none") })}
    </button>
  );
}

const KINDS: readonly PauseKind[] = ["audio_paused", "alarms_paused", "alarms_off"];

/** Begins a pause of a patient. */
export function PauseForm({ patient }: { patient: WardPatient }) {
  const kind = useSignal<PauseKind>("audio_paused");
  const minutes = useSignal(2);
  const reason = useSignal("");
  const problem = useSignal(false);
  const busy = useSignal(false);
  const choose = (next: PauseKind) => {
    kind.value = next;
    minutes.value = MINUTES[next][0] ?? 2;
    problem.value = false;
  };

  const begin = async (event: Event) => {
    event.preventDefault();
    const why = reason.value.trim();
    problem.value = kind.value === "alarms_off" && why === "";
    if (busy.value || problem.value) return;
    busy.value = true;
    try {
      const wish = { kind: kind.value, seconds: minutes.value * 60, patient_id: patient.id, reason: why };
      learnPause(await beginPause(wish));
    } catch (error) {
      sayFailure(error);
    } finally {
      busy.value = false;
    }
  };

  return (
    <form class="pause-form" onSubmit={begin} aria-label={words("pause.begin_of", { name: patient.name })}>
      <div class="care-row">
        <label>
          <span>{words("pause.what")}</span>
          <select
            value={kind.value}
            onChange={({ currentTarget: { value } }) => choose(KINDS.find((one) => one === value) ?? "audio_paused")}
          >
            {KINDS.filter((one) => one !== "alarms_off" || mayTurnOff.value).map((one) => (
              <option key={one} value={one}>
                {words(`pause.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>{words("pause.how_long")}</span>
          <select
            value={minutes.value}
            onChange={({ currentTarget: { value } }) => {
              minutes.value = Number(value);
            }}
          >
            {MINUTES[kind.value].map((n) => (
              <option key={n} value={n}>
                {n < 60 ? words("span.minutes", { n }) : words("span.hours", { n: n / 60 })}
              </option>
            ))}
          </select>
        </label>
      </div>
      {kind.value !== "audio_paused" && <p class="panel-note">{words(`pause.means_${kind.value}`)}</p>}
      <label>
        <span>{words(kind.value === "alarms_off" ? "pause.reason_needed" : "pause.reason")}</span>
        <input
          type="text"
          maxLength={500}
          value={reason.value}
          aria-invalid={problem.value}
          onInput={({ currentTarget: { value } }) => {
            reason.value = value;
            problem.value = false;
          }}
        />
      </label>
      {problem.value && (
        <p class="problem" role="alert">
          {words("pause.reason_missing")}
        </p>
      )}
      <button type="submit" class="button" aria-disabled={busy.value}>
        {words("pause.begin")}
      </button>
    </form>
  );
}
