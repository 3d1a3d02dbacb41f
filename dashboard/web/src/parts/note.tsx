// What just happened to an alarm, with the way back.

import { note, say } from "../alarms/answer";
import { watchedOf } from "../ward/ward";
import { askedWords } from "../words/asked";
import { words, wordsOfError } from "../words/words";
import { AnswerButton } from "./alarm_bar";
import { CrossIcon } from "./icons";

export function NoteLine() {
  return (
    <div class="note-place" role="status">
      {note.value !== null && <Said />}
    </div>
  );
}

function Said() {
  const said = note.value;
  if (said === null) return null;
  const { alarm } = said;
  const name = (alarm.patient_id !== null && watchedOf(alarm.patient_id)?.patient.name) || words("system.name");
  const call = askedWords(alarm);
  return (
    <div class="note" data-kind={said.kind}>
      <span>
        {said.kind === "failed"
          ? words("note.failed", { call, name, error: wordsOfError(said.error) })
          : words(`note.${said.kind}`, { call, name })}
      </span>
      {said.kind === "acknowledged" && <AnswerButton alarm={alarm} name={name} />}
      <button type="button" class="button icon-only" aria-label={words("note.close")} onClick={() => say(null)}>
        <CrossIcon />
      </button>
    </div>
  );
}
