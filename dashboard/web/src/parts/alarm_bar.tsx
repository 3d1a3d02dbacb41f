// One alarm as a bar in its colour: what, since when, who has answered, and the buttons to answer.

import { acknowledgeAlarm, answering, undoAlarm } from "../alarms/answer";
import { careFor, mayAct } from "../alarms/caring";
import { useShown } from "../alarms/shown";
import type { Alarm } from "../api/types";
import { tickUs } from "../live/server_clock";
import { alarmPath } from "../router";
import { isUnanswered, lookOf } from "../ward/order";
import { zoneOfPatient } from "../ward/zones";
import { askedWords } from "../words/asked";
import { countdown, hourMinute, span } from "../words/numbers";
import { plural, words } from "../words/words";
import { CheckIcon, ClockIcon, MoreIcon, PriorityIcon, QuestionIcon, SoundIcon, TechnicalIcon } from "./icons";

interface Props {
  alarm: Alarm;
  /** For buttons' labels: whose alarm it is. */
  name: string;
  /** The bar stands in the dialog that its button would open. */
  isOpen?: boolean;
}

/** "Asystole", "Asystole, over", "Late: asystole at 14:02", "Broker unreachable: 212 patients". */
export function alarmWords(alarm: Alarm): string {
  const call = aboutMany(alarm) ?? askedWords(alarm);
  if (alarm.late) return words("alarm.late", { call, time: onsetWords(alarm) });
  return alarm.state === "latched" ? words("alarm.over", { call }) : call;
}

/** One of the system, with how many patients it is about. */
function aboutMany(alarm: Alarm): string | null {
  const n = Number(alarm.detail["patients"]);
  if (alarm.patient_id !== null || !(n > 0)) return null;
  return words("board.of_many", { call: askedWords(alarm), patients: plural("counts.patients", n) });
}

const onsetWords = ({ onset_us, patient_id }: Alarm) => hourMinute(onset_us, zoneOfPatient(patient_id));

export function AlarmBar({ alarm, name, isOpen = false }: Props) {
  const unanswered = isUnanswered(alarm);
  const flashes = lookOf(alarm) === "active" && !alarm.late;
  const shown = useShown<HTMLDivElement>([alarm]);
  return (
    <div
      ref={shown}
      class="alarm-bar"
      data-call={alarm.call}
      data-priority={alarm.priority}
      data-family={alarm.family}
      data-state={lookOf(alarm)}
      data-flashes={flashes}
      data-late={alarm.late}
    >
      <PriorityIcon priority={alarm.priority} />
      {alarm.family === "technical" && <TechnicalIcon />}
      {alarm.late && <ClockIcon />}
      <span class="alarm-words">
        <span class="visually-hidden">{words(`priority.${alarm.priority}`)}</span>
        {alarm.family === "technical" && <span class="visually-hidden">{words("alarm.technical")}</span>}
        <strong>{alarmWords(alarm)}</strong>
        {unanswered ? <Since alarm={alarm} /> : <Answered alarm={alarm} />}
      </span>
      <Silent alarm={alarm} />
      {mayAct.value && <AnswerButton alarm={alarm} name={name} />}
      {isOpen && (
        <a
          class="alarm-link"
          href={alarmPath(alarm.id)}
          aria-label={words("alarm.story_of", { call: askedWords(alarm) })}
          title={words("alarms.story")}
        >
          <QuestionIcon />
        </a>
      )}
      {!isOpen && (
        <button
          type="button"
          class="button more"
          aria-label={words("alarm.more_of", { call: askedWords(alarm), name })}
          aria-haspopup="dialog"
          onClick={() => careFor(alarm.patient_id)}
        >
          <MoreIcon />
        </button>
      )}
    </div>
  );
}

/** For how long it is still silent, and whose word that was. */
function Silent({ alarm: { state, silenced, paused_us: pausedUs } }: Pick<Props, "alarm">) {
  if (state === "silenced" && silenced !== null) {
    const left = countdown((silenced.until_us - tickUs.value) / 1e6);
    return (
      <span class="alarm-silent" title={words("alarm.silenced_by", { name: silenced.name })}>
        <SoundIcon state="off" />
        <span class="visually-hidden">{words("alarm.silenced_by", { name: silenced.name })}</span>
        {left}
      </span>
    );
  }
  if (state !== "paused" && pausedUs === null) return null;
  return (
    <span class="alarm-silent">
      <SoundIcon state="off" />
      <span class="silent-words">{words(state === "paused" ? "alarm.paused" : "alarm.was_paused")}</span>
    </span>
  );
}

function Since({ alarm }: { alarm: Alarm }) {
  if (alarm.late) return null; // its words say when
  const since = alarm.ended_us === null ? span((tickUs.value - alarm.onset_us) / 1e6) : onsetWords(alarm);
  return <span class="alarm-since">{since}</span>;
}

function Answered({ alarm: { acknowledged, patient_id: patientId } }: { alarm: Alarm }) {
  if (acknowledged === null) return null;
  const time = hourMinute(acknowledged.at_us, zoneOfPatient(patientId));
  return (
    <span class="alarm-since">
      <CheckIcon />
      <span class="answered-by">{words("alarm.answered", { name: acknowledged.name, time })}</span>
    </span>
  );
}

/** Acknowledge, or undo: one button, so that the focus stays on it. */
export function AnswerButton({ alarm, name }: Props) {
  const unanswered = isUnanswered(alarm);
  const given = { call: askedWords(alarm), name };
  return (
    <button
      type="button"
      class={unanswered ? "button answer" : "button undo"}
      aria-label={words(unanswered ? "alarm.acknowledge_of" : "alarm.undo_of", given)}
      aria-disabled={answering.value.has(alarm.id)}
      onClick={() => (unanswered ? acknowledgeAlarm(alarm) : undoAlarm(alarm))}
    >
      {unanswered && (
        <span class="answer-icon">
          <CheckIcon />
        </span>
      )}
      <span class="button-words">{words(unanswered ? "alarm.acknowledge" : "alarm.undo")}</span>
    </button>
  );
}
