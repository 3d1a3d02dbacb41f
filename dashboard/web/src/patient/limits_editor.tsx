// A patient's own limits are set within the catalogue's bounds, or given back to it; who changed what is told below.

import { useSignal } from "@preact/signals";
import { ApiError } from "../api/http";
import { getLimits, setLimits } from "../api/patients";
import type { Call, LimitChange, PatientFacts } from "../api/types";
import type { Change } from "../rehearsal/rehearsal";
import { RehearsalDialog } from "../rehearsal/rehearsal_dialog";
import { user } from "../session";
import { dayAndTime } from "../words/numbers";
import { quantity } from "../words/quantities";
import { callName, calls, words, wordsOfError } from "../words/words";
import { Limits } from "./facts";
import { changedLimits, settable, type Typed } from "./limits";
import { useLoaded } from "./loaded";

interface Props {
  patientId: number;
  limits: PatientFacts["limits"];
  onChanged: () => void;
}

export function LimitsPanel({ patientId, limits, onChanged }: Props) {
  const isEditing = useSignal(false);
  const mayEdit = user.value?.permissions.includes("set_limits") === true;
  return (
    <Limits
      limits={limits}
      tools={
        mayEdit &&
        !isEditing.value && (
          <button
            type="button"
            class="button"
            onClick={() => {
              isEditing.value = true;
            }}
          >
            {words("limits.change")}
          </button>
        )
      }
    >
      {isEditing.value && (
        <Editor
          patientId={patientId}
          limits={limits}
          onDone={(isChanged) => {
            isEditing.value = false;
            if (isChanged) onChanged();
          }}
        />
      )}
    </Limits>
  );
}

interface EditorProps {
  patientId: number;
  limits: PatientFacts["limits"];
  onDone: (isChanged: boolean) => void;
}

function Editor({ patientId, limits, onDone }: EditorProps) {
  const typed = useSignal<Typed>({});
  const problem = useSignal<unknown>(null);
  /** What was typed, on stored days before it is saved. */
  const tried = useSignal<Change | null>(null);
  const loaded = useLoaded(`${patientId} ${JSON.stringify(limits)}`, (abort) => getLimits(patientId, abort));
  const save = async (event: Event) => {
    event.preventDefault();
    const changed = changedLimits(calls.value, limits, typed.value);
    if (Object.keys(changed).length === 0) {
      onDone(false);
      return;
    }
    try {
      await setLimits(patientId, changed);
      onDone(true);
    } catch (error) {
      problem.value = error;
    }
  };
  const type = (call: string, name: string, text: string) => {
    typed.value = { ...typed.value, [call]: { ...typed.value[call], [name]: text } };
  };
  return (
    <>
      <form class="limits-form" onSubmit={save}>
        <p class="nothing">{words("limits.help")}</p>
        {settable(calls.value.values()).map((call) => (
          <fieldset key={call.code}>
            <legend>{callName(call.code)}</legend>
            {Object.keys(call.limits).map((name) => (
              <One key={name} call={call} name={name} own={limits[call.code]?.[name]} onType={type} />
            ))}
          </fieldset>
        ))}
        <p class="problem" role="alert">
          {problem.value === null ? "" : problemWords(problem.value)}
        </p>
        <div class="row">
          <button type="submit" class="button main">
            {words("limits.save")}
          </button>
          <button
            type="button"
            class="button"
            onClick={() => {
              tried.value = changedLimits(calls.value, limits, typed.value);
            }}
          >
            {words("rehearsal.open")}
          </button>
          <button type="button" class="button" onClick={() => onDone(false)}>
            {words("notes.cancel")}
          </button>
        </div>
        <Changes changes={loaded.value.value?.changes ?? []} />
      </form>
      {tried.value !== null && (
        <RehearsalDialog
          patientId={patientId}
          initial={tried.value}
          onClose={() => {
            tried.value = null;
          }}
        />
      )}
    </>
  );
}

function problemWords(problem: unknown): string {
  const field = problem instanceof ApiError && problem.code === "invalid" ? String(problem.params["field"]) : "";
  const call = field.split(".")[0] ?? "";
  return calls.value.has(call) ? words("limits.refused", { call: callName(call) }) : wordsOfError(problem);
}

interface OneProps {
  call: Call;
  name: string;
  own: number | undefined;
  onType: (call: string, name: string, text: string) => void;
}

function One({ call, name, own, onType }: OneProps) {
  const limit = call.limits[name];
  if (limit === undefined) return null;
  const { low, high, unit, default: byDefault } = limit;
  const bounds = { low: quantity(low, unit), high: quantity(high, unit), default: quantity(byDefault, unit) };
  return (
    <label>
      <input
        type="number"
        name={`${call.code}.${name}`}
        min={low}
        max={high}
        step="any"
        placeholder={String(byDefault)}
        defaultValue={own === undefined ? "" : String(own)}
        onInput={({ currentTarget }) => onType(call.code, name, currentTarget.value)}
      />
      <span>{words("limits.bounds", bounds)}</span>
    </label>
  );
}

/** Who set what, the newest first. */
function Changes({ changes }: { changes: readonly LimitChange[] }) {
  if (changes.length === 0) return null;
  const value = ({ call, name }: LimitChange, of: number | null) =>
    of === null ? words("limits.catalogues") : quantity(of, calls.value.get(call)?.limits[name]?.unit ?? "");
  return (
    <details>
      <summary>{words("limits.changes")}</summary>
      <ol class="note-list">
        {changes.map((change) => (
          <li key={`${change.at_us} ${change.call} ${change.name}`}>
            {words("limits.changed", {
              call: callName(change.call),
              was: value(change, change.was),
              value: value(change, change.value),
              name: change.by,
              time: dayAndTime(change.at_us),
            })}
          </li>
        ))}
      </ol>
    </details>
  );
}
