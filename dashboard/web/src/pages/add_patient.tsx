// Adding a patient: who, where, in which language his own phone speaks. Pairing a device comes next.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { addPatient } from "../api/care";
import { SubPage } from "../parts/sub_page";
import { navigate, pairPath } from "../router";
import { wards } from "../ward/ward";
import { language } from "../words/language";
import { words, wordsOfError } from "../words/words";

export function AddPatientPage() {
  return (
    <SubPage back="/ward" backWords={words("patient.back")} class="one-thing">
      <AddPatient />
    </SubPage>
  );
}

function AddPatient() {
  const form = useRef<HTMLFormElement>(null);
  const name = useRef<HTMLInputElement>(null);
  const busy = useSignal(false);
  const problem = useSignal<unknown>(null);
  useEffect(() => name.current?.focus(), []);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value || form.current === null) return;
    const given = new FormData(form.current);
    const text = (field: string) => String(given.get(field) ?? "").trim();
    busy.value = true;
    problem.value = null;
    try {
      const added = await addPatient({
        name: text("name"),
        ward: text("ward"),
        language: text("language") === "fr" ? "fr" : "en",
      });
      navigate(pairPath(added.id));
    } catch (error) {
      problem.value = error;
      name.current?.focus();
    } finally {
      busy.value = false;
    }
  };

  return (
    <form ref={form} class="panel care-form" onSubmit={submit} aria-labelledby="add-title">
      <h1 id="add-title">{words("add.title")}</h1>
      <label>
        <span>{words("add.name")}</span>
        <input
          ref={name}
          name="name"
          maxLength={120}
          autocomplete="off"
          required
          pattern=".*\S.*"
          aria-describedby="add-name-hint"
        />
      </label>
      <p class="nothing" id="add-name-hint">
        {words("add.name_hint")}
      </p>
      <label>
        <span>{words("add.ward")}</span>
        <input name="ward" maxLength={80} autocomplete="off" list="add-wards" />
      </label>
      <datalist id="add-wards">
        {wards.value.filter(Boolean).map((ward) => (
          <option key={ward} value={ward} />
        ))}
      </datalist>
      <label>
        <span>{words("add.language")}</span>
        <select name="language">
          <option value="en" selected={language.value === "en"}>
            {words("add.english")}
          </option>
          <option value="fr" selected={language.value === "fr"}>
            {words("add.french")}
          </option>
        </select>
      </label>
      <p class="problem" role="alert">
        {problem.value === null ? "" : wordsOfError(problem.value)}
      </p>
      <button type="submit" class="button main" aria-disabled={busy.value}>
        {words("add.submit")}
      </button>
    </form>
  );
}
