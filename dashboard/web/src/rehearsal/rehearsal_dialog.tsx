// Other limits are tried on the patient's last days before they are his: what would have rung, what not, and what is lost.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { getPatient } from "../api/patients";
import type { PatientFacts } from "../api/types";
import { type EffectiveLimit, effectiveLimits } from "../patient/limits";
import { useLoaded } from "../patient/loaded";
import { user } from "../session";
import { dayAndTime, percent } from "../words/numbers";
import { quantity } from "../words/quantities";
import { callName, calls, type MessageKey, plural, words, wordsOfError } from "../words/words";
import { Result } from "./outcome";
import { askRehearsal, type Change, cancelRehearsal, getRehearsal, type Rehearsal, setLimits } from "./rehearsal";

const FOLLOW_MS = 700;
const DAYS = [1, 3, 7] as const;
const FAILED: Record<string, MessageKey> = {
  no_signal: "rehearsal.no_signal",
  damaged: "rehearsal.damaged",
  gave_up: "rehearsal.gave_up",
};

interface Props {
  patientId: number;
  /** What is tried at once; without it, what is chosen in the dialog. */
  initial?: Change;
  onClose: () => void;
}

export function RehearsalDialog({ patientId, initial, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const rehearsal = useSignal<Rehearsal | null>(null);
  const tried = useSignal<Change | null>(null);
  const isSet = useSignal(false);
  const problem = useSignal<unknown>(null);
  const facts = useLoaded(`${patientId}`, (abort) => getPatient(patientId, abort));
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const { value: current } = rehearsal;
  const isUnderWay = current?.state === "waiting" || current?.state === "running";
  useEffect(() => {
    if (current === null || !isUnderWay) return undefined;
    const timer = setTimeout(async () => {
      try {
        rehearsal.value = await getRehearsal(patientId, current.id);
        problem.value = null;
      } catch (error) {
        problem.value = error;
        rehearsal.value = { ...current };
      }
    }, FOLLOW_MS);
    return () => clearTimeout(timer);
  }, [current]);
  const ask = async (change: Change, days: number) => {
    problem.value = null;
    isSet.value = false;
    tried.value = change;
    try {
      rehearsal.value = await askRehearsal(patientId, change, days);
    } catch (error) {
      problem.value = error;
    }
  };
  const set = async (change: Change) => {
    try {
      await setLimits(patientId, change);
      problem.value = null;
      isSet.value = true;
    } catch (error) {
      problem.value = error;
    }
  };
  const close = () => {
    // Nobody looks at it any more: it need not be computed.
    if (current !== null && isUnderWay) cancelRehearsal(patientId, current.id).catch(() => undefined);
    onClose();
  };
  const { value: known, problem: unknown } = facts.value;
  const wrong = problem.value ?? unknown;
  return (
    <dialog ref={dialog} class="ask rehearsal" aria-labelledby="rehearsal-title" onClose={close}>
      <h2 id="rehearsal-title">{words("rehearsal.title", { name: known?.patient.name ?? "" })}</h2>
      <p class="panel-note">{words("rehearsal.help")}</p>
      {known !== null && <Choice facts={known} initial={initial} busy={isUnderWay} onAsk={ask} />}
      <p class="problem" role="alert">
        {wrong === null ? "" : wordsOfError(wrong)}
      </p>
      <div role="status">
        {current !== null && <State rehearsal={current} />}
        {isSet.value && <p>{words("rehearsal.is_set")}</p>}
      </div>
      {current?.result && <Result patientId={patientId} outcome={current.result} />}
      <div class="ask-buttons">
        {current?.result && tried.value !== null && !isSet.value && (
          <button type="button" class="button main" onClick={() => tried.value && set(tried.value)}>
            {words("rehearsal.set", { value: wordsOf(tried.value) })}
          </button>
        )}
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {words(isUnderWay ? "rehearsal.cancel" : "rehearsal.close")}
        </button>
      </div>
    </dialog>
  );
}

function State({ rehearsal: { state, progress, failed, from_us, to_us } }: { rehearsal: Rehearsal }) {
  if (state === "waiting") return <p>{words("rehearsal.waiting")}</p>;
  if (state === "failed") return <p class="problem">{words(FAILED[failed ?? ""] ?? "rehearsal.defect")}</p>;
  if (state !== "running") return state === "done" ? <p>{words("rehearsal.done")}</p> : null;
  return (
    <p class="report-progress">
      <progress max={1} value={progress} aria-label={words("rehearsal.running")} />
      <span aria-hidden="true">{percent(Math.floor(progress * 100))}</span>
      <span class="nothing">{`${dayAndTime(from_us)} \u2013 ${dayAndTime(to_us)}`}</span>
    </p>
  );
}

interface ChoiceProps {
  facts: PatientFacts;
  initial: Change | undefined;
  busy: boolean;
  onAsk: (change: Change, days: number) => void;
}

/** Which limit, which value, on how many days. */
function Choice({ facts, initial, busy, onAsk }: ChoiceProps) {
  const limits = effectiveLimits(calls.value.values(), facts.limits).filter(({ call }) => isClinical(call));
  const [asked] = Object.entries(initial ?? {}).flatMap(([call, values]) =>
    Object.entries(values).map(([name, value]) => ({ key: `${call}.${name}`, value })),
  );
  const chosen = useSignal(asked?.key ?? "bradycardia.bpm");
  const value = useSignal<string | null>(asked?.value == null ? null : String(asked.value));
  const days = useSignal(3);
  const limit = limits.find((each) => keyOf(each) === chosen.value);
  if (limit === undefined) return null;
  const bounds = calls.value.get(limit.call)?.limits[limit.name];
  const shown = value.value ?? String(limit.value);
  const submit = (event: Event) => {
    event.preventDefault();
    if (!busy) onAsk({ [limit.call]: { [limit.name]: Number(shown) } }, days.value);
  };
  return (
    <form class="rehearsal-form" onSubmit={submit}>
      <label class="instant">
        <span>{words("rehearsal.limit")}</span>
        <select
          name="limit"
          value={chosen.value}
          onChange={(event) => {
            chosen.value = event.currentTarget.value;
            value.value = null;
          }}
        >
          {limits.map((each) => (
            <option key={keyOf(each)} value={keyOf(each)}>
              {`${callName(each.call)}: ${quantity(each.value, each.unit)}`}
            </option>
          ))}
        </select>
      </label>
      <label class="instant">
        <span>
          {words("rehearsal.value", {
            low: quantity(bounds?.low ?? 0, limit.unit),
            high: quantity(bounds?.high ?? 0, limit.unit),
          })}
        </span>
        <input
          type="number"
          name="value"
          required
          step={limit.unit === "s" ? 0.1 : 1}
          min={bounds?.low}
          max={bounds?.high}
          value={shown}
          onInput={(event) => {
            value.value = event.currentTarget.value;
          }}
        />
      </label>
      <label class="instant">
        <span>{words("rehearsal.days")}</span>
        <select
          name="days"
          value={String(days.value)}
          onChange={(event) => {
            days.value = Number(event.currentTarget.value);
          }}
        >
          {DAYS.map((n) => (
            <option key={n} value={String(n)}>
              {plural("report.days", n)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="button main" aria-disabled={busy}>
        {words("rehearsal.try")}
      </button>
    </form>
  );
}

function wordsOf(change: Change): string {
  return Object.entries(change)
    .flatMap(([call, values]) =>
      Object.entries(values).map(([name, value]) => {
        const unit = calls.value.get(call)?.limits[name]?.unit ?? "";
        return `${callName(call)} ${value === null ? "" : quantity(value, unit)}`;
      }),
    )
    .join(", ");
}

const keyOf = ({ call, name }: EffectiveLimit) => `${call}.${name}`;
const isClinical = (call: string) => calls.value.get(call)?.family === "clinical";

/** Where limits are thought about: opens the dialog, for who may set them. */
export function RehearsalPanel({ patientId }: { patientId: number }) {
  const isOpen = useSignal(false);
  if (user.value?.permissions.includes("set_limits") !== true) return null;
  return (
    <section class="panel" aria-labelledby="rehearsal-panel">
      <header class="panel-head">
        <h2 id="rehearsal-panel">{words("rehearsal.panel")}</h2>
      </header>
      <p class="panel-note">{words("rehearsal.help")}</p>
      <button
        type="button"
        class="button main"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        {words("rehearsal.open")}
      </button>
      {isOpen.value && (
        <RehearsalDialog
          patientId={patientId}
          onClose={() => {
            isOpen.value = false;
          }}
        />
      )}
    </section>
  );
}
