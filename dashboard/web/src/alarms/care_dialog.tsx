// All that one does about a patient's alarms: answer, silence, review each; pause them; whose patient this is.

import { useSignal } from "@preact/signals";
import type { Alarm, Verdict } from "../api/types";
import { tickUs } from "../live/server_clock";
import { AlarmBar } from "../parts/alarm_bar";
import { Dialog } from "../parts/dialog";
import { alarmPath, patientPath } from "../router";
import { isUnanswered } from "../ward/order";
import { systemAlarms, type Watched, watchedOf } from "../ward/ward";
import { zoneOfPatient } from "../ward/zones";
import { askedWords } from "../words/asked";
import { clockTime, countdown } from "../words/numbers";
import { words } from "../words/words";
import { answering, reviewAlarm, silenceAlarm, soundAgain, undoReviewOf } from "./answer";
import { caredFor, endCare, mayAct, mayReview, maySeeLedger, maySeePatient } from "./caring";
import { NurseChoice } from "./nurse_choice";
import { PauseForm, PauseList } from "./pauses";

export function CareDialog() {
  const { value: id } = caredFor;
  if (id === undefined) return null;
  const watched = id === null ? undefined : watchedOf(id);
  if (id !== null && watched === undefined) return null; // the picture is on its way
  const name = watched?.patient.name ?? words("system.name");
  const alarms = watched?.alarms ?? systemAlarms.value;
  return (
    <Dialog key={id} title={words("care.title", { name })} onClose={endCare}>
      {alarms.length === 0 && <p class="nothing">{words("care.no_alarms")}</p>}
      <ul class="care-alarms">
        {alarms.map((alarm) => (
          <li key={alarm.id}>
            <AlarmBar alarm={alarm} name={name} isOpen />
            <AlarmActions alarm={alarm} />
          </li>
        ))}
      </ul>
      {watched && <OfPatient watched={watched} />}
    </Dialog>
  );
}

function OfPatient({ watched: { patient } }: { watched: Watched }) {
  return (
    <>
      {mayAct.value && <NurseChoice patient={patient} />}
      <PauseList of={patient} />
      {mayAct.value && <PauseForm patient={patient} />}
      {maySeePatient.value && (
        <a class="button wide" href={patientPath(patient.id)} onClick={endCare}>
          {words("care.to_patient", { name: patient.name })}
        </a>
      )}
    </>
  );
}

function AlarmActions({ alarm }: { alarm: Alarm }) {
  const isBusy = answering.value.has(alarm.id);
  const call = askedWords(alarm);
  return (
    <div class="alarm-actions">
      {mayAct.value && isUnanswered(alarm) && !alarm.late && (
        <button
          type="button"
          class="button"
          aria-label={`${words(alarm.silenced === null ? "alarm.silence" : "alarm.sound_again")}: ${call}`}
          aria-disabled={isBusy}
          onClick={() => (alarm.silenced === null ? silenceAlarm(alarm) : soundAgain(alarm))}
        >
          {words(alarm.silenced === null ? "alarm.silence" : "alarm.sound_again")}
        </button>
      )}
      <Escalated alarm={alarm} />
      {mayReview.value && <Review alarm={alarm} />}
      {maySeeLedger.value && (
        <a class="button" href={alarmPath(alarm.id)} aria-label={words("alarm.story_of", { call })} onClick={endCare}>
          {words("alarms.story")}
        </a>
      )}
    </div>
  );
}

/** Who was told because nobody answered, and when the next one is. */
function Escalated({ alarm: { escalation, patient_id: patientId } }: { alarm: Alarm }) {
  if (escalation === null) return null;
  const { to, at_us: atUs, next_us: nextUs } = escalation;
  const leftS = nextUs === null ? null : (nextUs - tickUs.value) / 1e6;
  const time = clockTime(atUs, zoneOfPatient(patientId));
  return (
    <p class="escalated">
      {to === null ? words("alarm.nobody_told") : words("alarm.told", { name: to, time })}{" "}
      {leftS !== null && leftS > 0 && words("alarm.next_told", { time: countdown(leftS) })}
    </p>
  );
}

const VERDICTS: readonly Verdict[] = ["true", "false", "unsure"];

function Review({ alarm }: { alarm: Alarm }) {
  const note = useSignal("");
  const { reviewed } = alarm;
  const call = askedWords(alarm);
  if (reviewed !== null) {
    return (
      <p class="reviewed">
        {words("review.by", { verdict: words(`verdict.${reviewed.verdict}`), name: reviewed.name })}
        {reviewed.note && <q>{reviewed.note}</q>}
        <button
          type="button"
          class="button undo"
          aria-label={`${words("alarm.undo")}: ${words("review.of", { call })}`}
          onClick={() => undoReviewOf(alarm)}
        >
          {words("alarm.undo")}
        </button>
      </p>
    );
  }
  return (
    <fieldset class="judge">
      <legend>{words("review.of", { call })}</legend>
      <input
        type="text"
        maxLength={1000}
        aria-label={words("review.note")}
        placeholder={words("review.note")}
        value={note.value}
        onInput={({ currentTarget: { value } }) => {
          note.value = value;
        }}
      />
      {VERDICTS.map((verdict) => (
        <button
          key={verdict}
          type="button"
          class="button"
          aria-disabled={answering.value.has(alarm.id)}
          onClick={() => reviewAlarm(alarm, verdict, note.value.trim())}
        >
          {words(`verdict.${verdict}`)}
        </button>
      ))}
    </fieldset>
  );
}
