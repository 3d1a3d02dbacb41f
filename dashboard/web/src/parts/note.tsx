// What just happened to an alarm, with the way back.

import { type Done, type Note, note, say, WAY_BACK } from "../alarms/answer";
import type { Alarm } from "../api/types";
import { watchedOf } from "../ward/ward";
import { askedWords } from "../words/asked";
import { words, wordsOfError } from "../words/words";
import { AnswerButton } from "./alarm_bar";
import { CrossIcon } from "./icons";

export function NoteLine() {
  return (
    <div class="note-place" role="status">
      {note.value !== null && <Said said={note.value} />}
    </div>
  );
}

const nameOf = ({ patient_id: id }: Alarm): string =>
  (id !== null && watchedOf(id)?.patient.name) || words("system.name");

function sentence(said: Note): string {
  if (said.kind === "failed") {
    const error = wordsOfError(said.error);
    return said.alarm === null
      ? words("note.not_kept", { error })
      : words("note.failed", { call: askedWords(said.alarm), name: nameOf(said.alarm), error });
  }
  return words(`note.${said.kind}`, { call: askedWords(said.alarm), name: nameOf(said.alarm) });
}

function Said({ said }: { said: Note }) {
  return (
    <div class="note" data-kind={said.kind}>
      <span>{sentence(said)}</span>
      {said.kind === "acknowledged" && <AnswerButton alarm={said.alarm} name={nameOf(said.alarm)} />}
      {said.kind !== "failed" && said.kind !== "acknowledged" && <Back kind={said.kind} alarm={said.alarm} />}
      <button type="button" class="button icon-only" aria-label={words("note.close")} onClick={() => say(null)}>
        <CrossIcon />
      </button>
    </div>
  );
}

function Back({ kind, alarm }: { kind: Done; alarm: Alarm }) {
  const goBack = WAY_BACK[kind];
  if (goBack === null) return null;
  return (
    <button type="button" class="button undo" onClick={() => goBack(alarm)}>
      {words("alarm.undo")}
    </button>
  );
}
