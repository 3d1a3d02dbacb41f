// What the team writes about a patient, or about a moment of the signal. Corrected, never overwritten.

import { useSignal } from "@preact/signals";
import { correctNote, getNotes, writeNote } from "../api/patients";
import type { Note } from "../api/types";
import { Waiting } from "../parts/waiting";
import { user } from "../session";
import { dayAndTime } from "../words/numbers";
import { words, wordsOfError } from "../words/words";
import { useLoaded } from "./loaded";

const LONGEST = 1500;

interface Props {
  patientId: number;
  again: string;
  /** What the strip shows: a note may be about it. */
  chosenUs: number | null;
  onChoose: (tUs: number) => void;
}

export function Notes({ patientId, again, chosenUs, onChoose }: Props) {
  const changes = useSignal(0);
  const problem = useSignal<unknown>(null);
  const loaded = useLoaded(`${patientId} ${again} ${changes.value}`, (abort) => getNotes(patientId, abort));
  const notes = loaded.value.value ?? [];
  const mayWrite = user.value?.permissions.includes("write_notes") === true;
  const attempt = async (act: () => Promise<unknown>): Promise<boolean> => {
    try {
      await act();
      problem.value = null;
    } catch (error) {
      problem.value = error;
    }
    changes.value++;
    return problem.value === null;
  };
  const said = problem.value ?? loaded.value.problem;
  return (
    <section class="panel notes" aria-labelledby="notes-title">
      <header class="panel-head">
        <h2 id="notes-title">{words("notes.title")}</h2>
      </header>
      {mayWrite && (
        <Write chosenUs={chosenUs} onWrite={(text, aboutUs) => attempt(() => writeNote(patientId, text, aboutUs))} />
      )}
      <p class="problem" role="alert">
        {said === null ? "" : wordsOfError(said)}
      </p>
      <Waiting of={loaded.value} />
      {loaded.value.value !== null && notes.length === 0 && <p class="nothing">{words("notes.none")}</p>}
      <ol class="note-list">
        {notes.map((note) => (
          <One
            key={note.id}
            note={note}
            mayWrite={mayWrite}
            onChoose={onChoose}
            onCorrect={(text) => attempt(() => correctNote(patientId, note.id, text))}
          />
        ))}
      </ol>
    </section>
  );
}

interface WriteProps {
  chosenUs: number | null;
  onWrite: (text: string, aboutUs: number | null) => Promise<boolean>;
}

function Write({ chosenUs, onWrite }: WriteProps) {
  const text = useSignal("");
  const isAbout = useSignal(false);
  const write = async (event: Event) => {
    event.preventDefault();
    if (text.value.trim() === "") return;
    if (await onWrite(text.value.trim(), isAbout.value ? chosenUs : null)) text.value = "";
  };
  return (
    <form class="note-form" onSubmit={write}>
      <textarea
        rows={2}
        maxLength={LONGEST}
        aria-label={words("notes.text")}
        placeholder={words("notes.text")}
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
      />
      <div class="row">
        {chosenUs !== null && (
          <label class="choice">
            <input
              type="checkbox"
              checked={isAbout.value}
              onChange={({ currentTarget }) => {
                isAbout.value = currentTarget.checked;
              }}
            />
            <span>{words("notes.about", { time: dayAndTime(chosenUs) })}</span>
          </label>
        )}
        <span class="spacer" />
        <button type="submit" class="button" aria-disabled={text.value.trim() === ""}>
          {words("notes.write")}
        </button>
      </div>
    </form>
  );
}

interface OneProps {
  note: Note;
  mayWrite: boolean;
  onChoose: (tUs: number) => void;
  onCorrect: (text: string) => Promise<boolean>;
}

function One({ note, mayWrite, onChoose, onCorrect }: OneProps) {
  const edited = useSignal<string | null>(null);
  const aboutUs = note.about_us;
  const when = { name: note.name, time: dayAndTime(note.at_us) };
  const isTaken = note.text === "";
  return (
    <li>
      <p class="nothing">
        {words(isTaken ? "notes.taken" : note.earlier.length > 0 ? "notes.corrected" : "notes.by", when)}
      </p>
      {edited.value === null && <p class="said">{note.text}</p>}
      {edited.value !== null && (
        <form
          class="note-form"
          onSubmit={async (event) => {
            event.preventDefault();
            if (await onCorrect(edited.value ?? "")) edited.value = null;
          }}
        >
          <textarea
            rows={2}
            maxLength={LONGEST}
            aria-label={words("notes.correction")}
            value={edited.value}
            onInput={({ currentTarget }) => {
              edited.value = currentTarget.value;
            }}
          />
          <div class="row">
            <button type="submit" class="button">
              {words("notes.save")}
            </button>
            <button
              type="button"
              class="button"
              onClick={() => {
                edited.value = null;
              }}
            >
              {words("notes.cancel")}
            </button>
          </div>
        </form>
      )}
      <div class="row">
        {aboutUs !== null && (
          <button type="button" class="button" onClick={() => onChoose(aboutUs)}>
            {words("notes.show", { time: dayAndTime(aboutUs) })}
          </button>
        )}
        {mayWrite && edited.value === null && !isTaken && (
          <>
            <button
              type="button"
              class="button"
              onClick={() => {
                edited.value = note.text;
              }}
            >
              {words("notes.correct")}
            </button>
            <button type="button" class="button" onClick={() => onCorrect("")}>
              {words("notes.take_back")}
            </button>
          </>
        )}
      </div>
      {note.earlier.length > 0 && (
        <details>
          <summary>{words("notes.earlier")}</summary>
          <ol class="note-list">
            {note.earlier.map((old) => (
              <li key={old.at_us}>
                <p class="nothing">{words("notes.by", { name: old.name, time: dayAndTime(old.at_us) })}</p>
                <p class="said">{old.text}</p>
              </li>
            ))}
          </ol>
        </details>
      )}
    </li>
  );
}
