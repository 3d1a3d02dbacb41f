// A short form for the patient: what is asked, and how it is answered.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { askQuestion } from "../api/care";
import type { Field, FieldKind, Form } from "../api/schema";
import { words, wordsOfError } from "../words/words";

const KINDS: readonly FieldKind[] = ["yes_no", "scale", "choice", "text"];
const FIELDS_MOST = 6;

interface Draft {
  label: string;
  kind: FieldKind;
  options: string;
}

const EMPTY: Draft = { label: "", kind: "yes_no", options: "" };

/** The form that a draft says; fields without a question are left out. Pure. */
export function formOf(title: string, drafts: readonly Draft[]): Form {
  const fields: Field[] = [];
  drafts.forEach(({ label, kind, options }, i) => {
    if (label.trim() === "") return;
    const field: Field = { id: `f${i + 1}`, kind, label: label.trim() };
    if (kind === "choice")
      field.options = options
        .split(",")
        .map((option) => option.trim())
        .filter(Boolean);
    fields.push(field);
  });
  return { title: title.trim(), fields };
}

/** Whether it can be sent: a title, a question, and a choice of two or more wherever there is one. Pure. */
export const isWhole = ({ title, fields }: Form): boolean =>
  title !== "" && fields.length > 0 && fields.every(({ options }) => options === undefined || options.length >= 2);

export function Question({ patientId, onAsked }: { patientId: number; onAsked: () => void }) {
  const first = useRef<HTMLInputElement>(null);
  const title = useSignal("");
  const drafts = useSignal<readonly Draft[]>([EMPTY]);
  const busy = useSignal(false);
  const problem = useSignal<unknown>(null);
  useEffect(() => first.current?.focus(), []);
  const form = formOf(title.value, drafts.value);
  const change = (at: number, over: Partial<Draft>) => {
    drafts.value = drafts.value.map((draft, i) => (i === at ? { ...draft, ...over } : draft));
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value || !isWhole(form)) return;
    busy.value = true;
    try {
      await askQuestion(patientId, form);
      onAsked();
    } catch (error) {
      problem.value = error;
      busy.value = false;
    }
  };
  return (
    <form class="care-form question" onSubmit={submit} aria-label={words("messages.ask")}>
      <label>
        <span>{words("question.title")}</span>
        <input
          ref={first}
          maxLength={120}
          required
          value={title.value}
          onInput={({ currentTarget: { value } }) => {
            title.value = value;
          }}
        />
      </label>
      {drafts.value.map((draft, i) => (
        <OneField key={i} n={i + 1} draft={draft} onChange={(over) => change(i, over)} />
      ))}
      <p class="problem" role="alert">
        {problem.value === null ? "" : wordsOfError(problem.value)}
      </p>
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={drafts.value.length >= FIELDS_MOST}
          onClick={() => {
            drafts.value = [...drafts.value, EMPTY];
          }}
        >
          {words("question.more")}
        </button>
        <button type="submit" class="button" aria-disabled={busy.value || !isWhole(form)}>
          {words("question.send")}
        </button>
      </div>
    </form>
  );
}

function OneField({ n, draft, onChange }: { n: number; draft: Draft; onChange: (over: Partial<Draft>) => void }) {
  return (
    <fieldset class="question-field">
      <legend>{words("question.field", { n })}</legend>
      <label>
        <span>{words("question.label")}</span>
        <input
          maxLength={200}
          required={n === 1}
          value={draft.label}
          onInput={({ currentTarget: { value } }) => onChange({ label: value })}
        />
      </label>
      <label>
        <span>{words("question.kind")}</span>
        <select value={draft.kind} onChange={({ currentTarget: { value } }) => onChange({ kind: value as FieldKind })}>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {words(`kind.${kind}`)}
            </option>
          ))}
        </select>
      </label>
      {draft.kind === "choice" && (
        <label>
          <span>{words("question.options")}</span>
          <input
            required
            maxLength={400}
            value={draft.options}
            onInput={({ currentTarget: { value } }) => onChange({ options: value })}
          />
        </label>
      )}
    </fieldset>
  );
}
