// Finding a patient of another ward, and seeing him for a reason.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { typed } from "../account/fields";
import { useActing } from "../admin/act";
import { breakGlass, findElsewhere } from "../api/glass";
import type { PatientName } from "../api/schema";
import { mayBreakGlass } from "../glass/glass";
import { SubPage } from "../parts/sub_page";
import { navigate, patientPath } from "../router";
import { plural, words } from "../words/words";

/** As the server asks. */
const LEAST_NAME = 3;
const LEAST_REASON = 10;
const MOST_REASON = 500;

export function GlassPage() {
  return (
    <SubPage back="/ward" backWords={words("patient.back")} class="one-thing glass">
      <h1>{words("glass.title")}</h1>
      {mayBreakGlass() ? <Search /> : <p class="panel">{words("glass.not_needed")}</p>}
    </SubPage>
  );
}

function Search() {
  const name = useRef<HTMLInputElement>(null);
  const found = useSignal<PatientName[] | null>(null);
  const chosen = useSignal<PatientName | null>(null);
  const { busy, problem, act } = useActing();
  useEffect(() => name.current?.focus(), []);
  const search = (event: SubmitEvent) => {
    event.preventDefault();
    chosen.value = null;
    act(async () => {
      found.value = await findElsewhere(name.current?.value.trim() ?? "");
    });
  };
  return (
    <>
      <p>{words("glass.hint")}</p>
      <form class="panel care-form glass-search" onSubmit={search}>
        <label>
          <span>{words("glass.name")}</span>
          <input
            ref={name}
            name="name"
            minLength={LEAST_NAME}
            maxLength={80}
            required
            pattern=".*\S.*\S.*\S.*"
            autocomplete="off"
            aria-describedby="glass-name-hint"
          />
        </label>
        <p class="nothing" id="glass-name-hint">
          {words("glass.name_hint")}
        </p>
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="button main" aria-disabled={busy.value}>
          {words("glass.search")}
        </button>
      </form>
      <p role="status">{found.value !== null && plural("glass.found", found.value.length)}</p>
      {found.value !== null && found.value.length > 0 && (
        <ul class="glass-found">
          {found.value.map((patient) => (
            <li key={patient.id} class="panel">
              <strong>{patient.name}</strong> <span class="tile-ward">{patient.ward}</span>
              {chosen.value?.id === patient.id ? (
                <ReasonForm
                  patient={patient}
                  onCancel={() => {
                    chosen.value = null;
                  }}
                />
              ) : (
                <button
                  type="button"
                  class="button"
                  aria-label={words("glass.see_name", { name: patient.name })}
                  onClick={() => {
                    chosen.value = patient;
                  }}
                >
                  {words("glass.see")}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function ReasonForm({ patient, onCancel }: { patient: PatientName; onCancel: () => void }) {
  const { busy, problem, act } = useActing();
  const reason = useRef<HTMLTextAreaElement>(null);
  useEffect(() => reason.current?.focus(), []);
  const open = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (await act(() => breakGlass(patient.id, typed(form, "reason").trim()))) navigate(patientPath(patient.id));
  };
  return (
    <form class="care-form say" onSubmit={open}>
      <label>
        <span>{words("glass.reason", { name: patient.name })}</span>
        <textarea
          ref={reason}
          name="reason"
          rows={2}
          minLength={LEAST_REASON}
          maxLength={MOST_REASON}
          required
          aria-describedby="glass-reason-hint"
        />
      </label>
      <p class="nothing" id="glass-reason-hint">
        {words("glass.reason_hint")}
      </p>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <div class="row">
        <button type="submit" class="button danger" aria-disabled={busy.value}>
          {words("glass.open")}
        </button>
        <button type="button" class="button" onClick={onCancel}>
          {words("admin.cancel")}
        </button>
      </div>
    </form>
  );
}
