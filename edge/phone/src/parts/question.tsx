// A question of the care team: a short form.

import { useSignal } from "@preact/signals";
import type { Answers, Field, Form } from "../api/types";
import { answer } from "../patient";
import { words } from "../words/words";

const SCALE = Array.from({ length: 11 }, (_, i) => i);
/** All texts of an answer fit into one event together. */
const TEXTS_MAX = 400;

export function Question({ id, form }: { id: string; form: Form }) {
  const answers = useSignal<Answers>({});
  const isIncomplete = useSignal(false);
  const texts = form.fields.filter((field) => field.kind === "text").length;
  const send = (event: Event) => {
    event.preventDefault();
    isIncomplete.value = form.fields.some((field) => field.kind !== "text" && answers.value[field.id] === undefined);
    if (!isIncomplete.value) answer(id, answers.value);
  };
  const set = (field: Field, value: Answers[string]) => {
    answers.value = { ...answers.value, [field.id]: value };
  };
  return (
    <form class="question" onSubmit={send}>
      <h2>{form.title}</h2>
      {form.fields.map((field) => (
        <FieldOf
          key={field.id}
          field={field}
          name={`${id}-${field.id}`}
          value={answers.value[field.id]}
          longest={Math.floor(TEXTS_MAX / Math.max(1, texts))}
          set={(value) => set(field, value)}
        />
      ))}
      <p class="problem" role="alert">
        {isIncomplete.value && words("question.incomplete")}
      </p>
      <button type="submit" class="button main">
        {words("question.send")}
      </button>
    </form>
  );
}

interface FieldProps {
  field: Field;
  name: string;
  value: Answers[string] | undefined;
  longest: number;
  set: (value: Answers[string]) => void;
}

function FieldOf({ field, name, value, longest, set }: FieldProps) {
  if (field.kind === "text") {
    return (
      <div>
        <label for={name}>{field.label}</label>
        <textarea
          id={name}
          rows={2}
          maxLength={longest}
          value={typeof value === "string" ? value : ""}
          onInput={(event) => set(event.currentTarget.value)}
        />
      </div>
    );
  }
  return (
    <fieldset>
      <legend>{field.label}</legend>
      {field.kind === "scale" && <p class="state">{words("question.scale")}</p>}
      <div class={field.kind === "scale" ? "chips scale" : "chips"}>
        {optionsOf(field).map(({ said, meant }) => (
          <label key={said} class="button chip">
            <input type="radio" name={name} checked={value === meant} onChange={() => set(meant)} />
            <span>{said}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function optionsOf(field: Field): { said: string; meant: Answers[string] }[] {
  if (field.kind === "yes_no") {
    return [
      { said: words("question.yes"), meant: true },
      { said: words("question.no"), meant: false },
    ];
  }
  if (field.kind === "scale") return SCALE.map((n) => ({ said: String(n), meant: n }));
  return (field.options ?? []).map((option) => ({ said: option, meant: option }));
}
