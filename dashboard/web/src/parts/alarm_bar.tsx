// One alarm as a bar in its colour: what, since when, who has answered, and the button to answer.

import { acknowledgeAlarm, answering, undoAlarm } from "../alarms/answer";
import type { Alarm } from "../api/types";
import { tickUs } from "../live/server_clock";
import { isUnanswered, lookOf } from "../ward/order";
import { askedWords } from "../words/asked";
import { hourMinute, span } from "../words/numbers";
import { words } from "../words/words";
import { CheckIcon, PriorityIcon } from "./icons";

interface Props {
  alarm: Alarm;
  /** For buttons' labels: whose alarm it is. */
  name: string;
}

/** "Asystole", "Asystole, over", "Late: asystole at 14:02". */
export function alarmWords(alarm: Alarm): string {
  const call = askedWords(alarm);
  if (alarm.late) return words("alarm.late", { call, time: hourMinute(alarm.onset_us) });
  return alarm.state === "latched" ? words("alarm.over", { call }) : call;
}

export function AlarmBar({ alarm, name }: Props) {
  const unanswered = isUnanswered(alarm);
  const flashes = lookOf(alarm) === "active" && !alarm.late;
  return (
    <div
      class="alarm-bar"
      data-priority={alarm.priority}
      data-state={lookOf(alarm)}
      data-flashes={flashes}
      data-late={alarm.late}
    >
      <PriorityIcon priority={alarm.priority} />
      <span class="alarm-words">
        <span class="visually-hidden">{words(`priority.${alarm.priority}`)}</span>
        <strong>{alarmWords(alarm)}</strong>
        {unanswered ? <Since alarm={alarm} /> : <Answered alarm={alarm} />}
      </span>
      <AnswerButton alarm={alarm} name={name} />
    </div>
  );
}

function Since({ alarm }: { alarm: Alarm }) {
  if (alarm.late) return null; // its words say when
  const since = alarm.ended_us === null ? span((tickUs.value - alarm.onset_us) / 1e6) : hourMinute(alarm.onset_us);
  return <span class="alarm-since">{since}</span>;
}

function Answered({ alarm: { acknowledged } }: { alarm: Alarm }) {
  if (acknowledged === null) return null;
  return (
    <span class="alarm-since">
      <CheckIcon />
      <span class="answered-by">
        {words("alarm.answered", { name: acknowledged.name, time: hourMinute(acknowledged.at_us) })}
      </span>
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
