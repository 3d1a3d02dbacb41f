// What the link in a message opens: to take alarms on, or to pass them to the next. Nobody signs in here, and no name of a
// patient is shown.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ApiError } from "../api/http";
import { getNotice, type Notice, type NoticeAlarm, passOn, takeOn } from "../api/notices";
import { CheckIcon, Mark, PriorityIcon } from "../parts/icons";
import { followUser, language } from "../words/language";
import { hourMinute } from "../words/numbers";
import { words, wordsOfError } from "../words/words";
import { usable } from "../words/zone";

/** Somebody else may answer meanwhile, ms. */
const LOOK_MS = 5000;

export function NoticePage({ token }: { token: string }) {
  const notice = useSignal<Notice | null>(null);
  const problem = useSignal<unknown>(null);
  const busy = useSignal(false);

  const hear = (said: Notice) => {
    followUser(said.language);
    notice.value = said;
    problem.value = null;
  };
  useEffect(() => {
    const abort = new AbortController();
    const look = () => {
      if (busy.value) return;
      getNotice(token, abort.signal).then(hear, (error) => {
        if (!abort.signal.aborted) problem.value = error;
      });
    };
    look();
    const again = setInterval(look, LOOK_MS);
    return () => {
      clearInterval(again);
      abort.abort();
    };
  }, [token]);

  const act = async (ask: () => Promise<Notice>) => {
    if (busy.value) return;
    busy.value = true;
    try {
      hear(await ask());
    } catch (error) {
      problem.value = error;
    } finally {
      busy.value = false;
    }
  };

  const { value: said } = notice;
  const isGone = problem.value instanceof ApiError && (problem.value.status === 404 || problem.value.status === 410);
  return (
    <main class="notice" id="main">
      <p class="brand">
        <Mark />
        <span>{words("app.name")}</span>
      </p>
      {said === null && problem.value === null && <p role="status">{words("app.starting")}</p>}
      {said !== null && !isGone && (
        <>
          <h1>{words("notice.title", { name: said.name })}</h1>
          <ul>
            {said.alarms.map((alarm) => (
              <Line key={alarm.id} alarm={alarm} busy={busy.value} take={() => act(() => takeOn(token, alarm.id))} />
            ))}
          </ul>
          <Passing notice={said} busy={busy.value} pass={() => act(() => passOn(token))} />
        </>
      )}
      {problem.value !== null && (
        <p class="problem" role="alert">
          {isGone ? words("notice.gone") : wordsOfError(problem.value)}
        </p>
      )}
      <p>
        <a href="/ward">{words("notice.ward")}</a>
      </p>
    </main>
  );
}

function Line({ alarm, busy, take }: { alarm: NoticeAlarm; busy: boolean; take: () => void }) {
  const call = alarm.names[language.value] ?? alarm.names.en ?? "";
  const where = alarm.ward === "" ? "" : words("notice.of_ward", { ward: alarm.ward });
  return (
    <li data-priority={alarm.priority} data-waits={alarm.waits}>
      <PriorityIcon priority={alarm.priority} />
      <div class="notice-words">
        <span class="visually-hidden">{words(`priority.${alarm.priority}`)}</span>
        <strong>{call}</strong>
        <span>
          {[where, words("notice.since", { time: timeOf(alarm.onset_us, alarm) })].filter(Boolean).join(", ")}
        </span>
        <span role="status">
          <State alarm={alarm} />
        </span>
      </div>
      {alarm.waits && (
        <button
          type="button"
          class="button answer"
          aria-label={words("notice.take_of", { call })}
          aria-disabled={busy}
          onClick={take}
        >
          {words("alarm.acknowledge")}
        </button>
      )}
    </li>
  );
}

const timeOf = (tUs: number, { zone }: NoticeAlarm) => hourMinute(tUs, usable(zone));

function State({ alarm }: { alarm: NoticeAlarm }) {
  if (alarm.acknowledged !== null) {
    const { name, at_us: atUs } = alarm.acknowledged;
    return (
      <>
        <CheckIcon /> {words("notice.answered", { name, time: timeOf(atUs, alarm) })}
      </>
    );
  }
  if (!alarm.waits) return <>{words("notice.over")}</>;
  return <>{alarm.passed ? words("notice.passed") : words("notice.waits")}</>;
}

function Passing({ notice, busy, pass }: { notice: Notice; busy: boolean; pass: () => void }) {
  if (!notice.alarms.some(({ waits, passed }) => waits && !passed)) return null;
  return (
    <button type="button" class="button pass" aria-disabled={busy} onClick={pass}>
      {words("notice.pass")}
    </button>
  );
}
