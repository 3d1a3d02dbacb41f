// What the patient felt, newest first; each can be shown with the ECG around it, and marked as read.

import { useSignal } from "@preact/signals";
import { getSymptoms, readSymptom } from "../api/care";
import type { Symptom } from "../api/schema";
import { Waiting } from "../parts/waiting";
import { clockTime, dayAndTime } from "../words/numbers";
import { words, wordsOfError } from "../words/words";
import { useLoaded } from "./loaded";
import { SymptomStrip } from "./symptom_strip";

const PAGE = 20;

interface Props {
  patientId: number;
  /** Changes whenever there may be something new. */
  again: string;
  chosenUs: number | null;
  onChoose: (symptom: Symptom) => void;
}

export function Symptoms({ patientId, again, chosenUs, onChoose }: Props) {
  const changes = useSignal(0);
  const problem = useSignal<unknown>(null);
  const limit = useSignal(PAGE);
  const loaded = useLoaded(`${patientId} ${again} ${changes.value} ${limit.value}`, (abort) =>
    getSymptoms(patientId, limit.value, abort),
  );
  const symptoms = loaded.value.value?.symptoms ?? [];
  const read = async (symptom: Symptom) => {
    try {
      await readSymptom(symptom);
      problem.value = null;
    } catch (error) {
      problem.value = error;
    }
    changes.value++;
  };
  const said = problem.value ?? loaded.value.problem;
  return (
    <section class="panel" aria-labelledby="symptoms-title">
      <header class="panel-head">
        <h2 id="symptoms-title">{words("symptoms.title")}</h2>
      </header>
      <p class="problem" role="alert">
        {said === null ? "" : wordsOfError(said)}
      </p>
      <Waiting of={loaded.value} />
      {loaded.value.value !== null && symptoms.length === 0 && <p class="nothing">{words("symptoms.none")}</p>}
      <ol class="symptoms">
        {symptoms.map((symptom) => (
          <li key={symptom.id} data-unread={symptom.read === null} data-chosen={symptom.pressed_us === chosenUs}>
            <p class="symptom-when">
              <time dateTime={new Date(symptom.pressed_us / 1000).toISOString()}>{dayAndTime(symptom.pressed_us)}</time>
              {symptom.late && <span>{` · ${words("symptoms.late", { time: clockTime(symptom.received_us) })}`}</span>}
            </p>
            <Felt symptom={symptom} />
            {symptom.note && <p class="said">{symptom.note}</p>}
            <SymptomStrip patientId={patientId} symptom={symptom} />
            <p class="nothing">
              {symptom.read === null
                ? words("symptoms.unread")
                : words("symptoms.read", { name: symptom.read.name ?? "", time: dayAndTime(symptom.read.at_us) })}
            </p>
            <div class="row">
              <button
                type="button"
                class="button"
                aria-label={words("symptoms.show_of", { time: dayAndTime(symptom.pressed_us) })}
                onClick={() => onChoose(symptom)}
              >
                {words("symptoms.show")}
              </button>
              {symptom.read === null && (
                <button
                  type="button"
                  class="button"
                  aria-label={words("symptoms.mark_of", { time: dayAndTime(symptom.pressed_us) })}
                  onClick={() => read(symptom)}
                >
                  {words("symptoms.mark")}
                </button>
              )}
            </div>
          </li>
        ))}
      </ol>
      {loaded.value.value?.more && (
        <button
          type="button"
          class="button wide"
          onClick={() => {
            limit.value += PAGE;
          }}
        >
          {words("symptoms.older")}
        </button>
      )}
    </section>
  );
}

function Felt({ symptom: { chips } }: { symptom: Symptom }) {
  if (chips.length === 0) return <p class="chips">{words("symptoms.pressed")}</p>;
  return (
    <ul class="chips">
      {chips.map((chip) => (
        <li key={chip} class="chip">
          {words(`chip.${chip}`)}
        </li>
      ))}
    </ul>
  );
}
