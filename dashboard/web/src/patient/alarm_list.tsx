// Every alarm a patient ever had, newest first: when, what became of it, and who answered.

import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { getAlarms } from "../api/patients";
import type { Alarm } from "../api/types";
import { AnswerButton } from "../parts/alarm_bar";
import { PriorityIcon, QuestionIcon } from "../parts/icons";
import { alarmPath } from "../router";
import { isUnanswered, lookOf } from "../ward/order";
import { learnt, watchedOf } from "../ward/ward";
import { askedWords, newestWords } from "../words/asked";
import { clockTime, dayAndTime, span } from "../words/numbers";
import { measured } from "../words/quantities";
import { callName, words, wordsOfError } from "../words/words";

const PAGE = 25;

export interface AlarmHistory {
  alarms: Signal<readonly Alarm[]>;
  more: Signal<boolean>;
  /** Before the first answer nobody knows whether there was an alarm. */
  isKnown: Signal<boolean>;
  problem: Signal<unknown>;
  loadOlder: () => void;
}

/** Put what was heard now over what was known, newest first. Pure. */
export function mergeAlarms(known: readonly Alarm[], heard: readonly Alarm[]): Alarm[] {
  const byId = new Map([...known, ...heard].map((alarm) => [alarm.id, alarm]));
  return [...byId.values()].sort((a, b) => b.onset_us - a.onset_us || b.id - a.id);
}

/** The alarms of a patient, kept up to date with the live picture. */
export function useAlarmHistory(patientId: number): AlarmHistory {
  const alarms = useSignal<readonly Alarm[]>([]);
  const more = useSignal(false);
  const isKnown = useSignal(false);
  const problem = useSignal<unknown>(null);

  const load = async (beforeUs: number | null) => {
    try {
      const isFirst = alarms.peek().length === 0;
      const page = await getAlarms(patientId, beforeUs, PAGE);
      alarms.value = mergeAlarms(alarms.peek(), page.alarms);
      if (isFirst || beforeUs !== null) more.value = page.more;
      isKnown.value = true;
      problem.value = null;
    } catch (error) {
      problem.value = error;
    }
  };
  // The newest page anew whenever something about this patient's alarms changed.
  const open = watchedOf(patientId)?.alarms ?? [];
  const key = open.map(({ id, state, additions }) => `${id}${state}${additions}`).join();
  useEffect(() => {
    load(null);
  }, [key]);
  useSignalEffect(() => {
    const alarm = learnt.value;
    if (alarm?.patient_id === patientId) alarms.value = mergeAlarms(alarms.peek(), [alarm]);
  });
  return { alarms, more, isKnown, problem, loadOlder: () => load(alarms.peek().at(-1)?.onset_us ?? null) };
}

interface Props {
  history: AlarmHistory;
  name: string;
  chosenId: number | null;
  onChoose: (alarm: Alarm) => void;
}

export function AlarmList({ history, name, chosenId, onChoose }: Props) {
  const { alarms, more, isKnown, problem } = history;
  return (
    <section class="panel alarm-panel" aria-labelledby="alarms-title">
      <header class="panel-head">
        <h2 id="alarms-title">{words("alarms.title")}</h2>
      </header>
      {problem.value !== null && <p class="problem">{wordsOfError(problem.value)}</p>}
      {alarms.value.length === 0 && problem.value === null && (
        <p class="nothing">{words(isKnown.value ? "alarms.none" : "app.loading")}</p>
      )}
      <ol class="alarm-list">
        {alarms.value.map((alarm) => (
          <li
            key={alarm.id}
            data-priority={alarm.priority}
            data-state={lookOf(alarm)}
            data-chosen={alarm.id === chosenId}
          >
            <PriorityIcon priority={alarm.priority} />
            <button
              type="button"
              class="alarm-choose"
              aria-pressed={alarm.id === chosenId}
              title={words("alarms.show")}
              onClick={() => onChoose(alarm)}
            >
              <strong>{askedWords(alarm)}</strong>
              <span class="visually-hidden">{words(`priority.${alarm.priority}`)}</span>
              <time dateTime={new Date(alarm.onset_us / 1000).toISOString()}>{dayAndTime(alarm.onset_us)}</time>
              <AlarmStory alarm={alarm} />
            </button>
            <a
              class="alarm-link"
              href={alarmPath(alarm.id)}
              aria-label={words("alarm.story_of", { call: askedWords(alarm) })}
              title={words("alarms.story")}
            >
              <QuestionIcon />
            </a>
            {(isUnanswered(alarm) || alarm.acknowledged !== null) && <AnswerButton alarm={alarm} name={name} />}
          </li>
        ))}
      </ol>
      {more.value && (
        <button type="button" class="button wide" onClick={history.loadOlder}>
          {words("alarms.older")}
        </button>
      )}
    </section>
  );
}

function AlarmStory({ alarm }: { alarm: Alarm }) {
  const said = [...measured(alarm), ...newestWords(alarm)];
  if (alarm.late) said.push(words("alarms.late", { time: clockTime(alarm.raised_us) }));
  if (alarm.state === "suppressed") said.push(words("alarms.suppressed", { by: callName(alarm.suppressed_by ?? "") }));
  else if (alarm.ended_us === null) said.push(words("alarms.lasting"));
  else said.push(words("alarms.lasted", { span: span((alarm.ended_us - alarm.onset_us) / 1e6) }));
  if (alarm.acknowledged) {
    const { name, at_us: atUs } = alarm.acknowledged;
    said.push(words("alarms.acknowledged", { name, time: clockTime(atUs) }));
  } else if (isUnanswered(alarm)) said.push(words("alarms.unanswered"));
  return <span class="alarm-story">{said.join(" · ")}</span>;
}
