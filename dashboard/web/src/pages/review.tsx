// Alarms that nobody has judged, strip by strip: by keyboard alone, alike ones together, every verdict taken back by one press.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { SubPage } from "../parts/sub_page";
import { useLoaded } from "../patient/loaded";
import {
  type Act,
  actOf,
  alikeOf,
  getQueue,
  type Judgement,
  judge,
  takeBack,
  type Verdict,
  type Waiting,
  without,
} from "../review/review";
import { Shown } from "../review/shown";
import { plural, words, wordsOfError } from "../words/words";

const VERDICTS: readonly Verdict[] = ["true", "false", "unsure"];

export function ReviewPage() {
  return (
    <SubPage back="/ward" backWords={words("patient.back")} class="review">
      <Review />
    </SubPage>
  );
}

function Review() {
  const turn = useSignal(0);
  const loaded = useLoaded(`${turn.value}`, (abort) => getQueue(abort));
  const queue = useSignal<{ waiting: Waiting[]; place: number }>({ waiting: [], place: 0 });
  const judged = useSignal<Judgement[]>([]);
  const count = useSignal(0);
  const begunMs = useSignal<number | null>(null);
  const problem = useSignal<unknown>(null);
  const note = useSignal("");
  const said = useSignal("");
  const desk = useRef<HTMLElement>(null);
  // One after the other, as the keys came: an undo must not overtake what it takes back.
  const lane = useRef<Promise<unknown>>(Promise.resolve());
  const inTurn = <T,>(ask: () => Promise<T>): Promise<T> => {
    const turnOf = lane.current.then(ask, ask);
    lane.current = turnOf;
    return turnOf;
  };
  const { value } = loaded.value;
  useEffect(() => {
    if (value !== null) queue.value = { waiting: value.waiting, place: 0 };
  }, [value]);
  const { waiting, place } = queue.value;
  const alarm = waiting[place];
  const alike = alikeOf(waiting, place);
  const isThere = alarm !== undefined;
  useEffect(() => {
    // Whoever came here came to judge: the keys work at once.
    if (isThere) desk.current?.focus({ preventScroll: true });
  }, [isThere]);

  const give = async (verdict: Verdict, all: boolean) => {
    if (alarm === undefined) return;
    const alarms = all ? alike : [alarm];
    const before = queue.value;
    const text = note.value.trim();
    begunMs.value ??= performance.now();
    // Shown at once; put back if the server does not take it.
    queue.value = without(before.waiting, before.place, alarms);
    note.value = "";
    count.value += alarms.length;
    judged.value = [...judged.value, { alarms, verdict }];
    said.value = plural(`queue.said_${verdict}`, alarms.length);
    try {
      await inTurn(() => judge(alarms, verdict, text));
      problem.value = null;
      if (queue.value.waiting.length === 0) turn.value++;
    } catch (error) {
      problem.value = error;
      judged.value = judged.value.filter((each) => each.alarms !== alarms);
      count.value -= alarms.length;
      queue.value = putBack(queue.value, alarms);
      note.value = text;
    }
  };
  const undo = async () => {
    const last = judged.value.at(-1);
    if (last === undefined) return;
    judged.value = judged.value.slice(0, -1);
    try {
      await inTurn(() => takeBack(last.alarms));
      problem.value = null;
      count.value -= last.alarms.length;
      queue.value = putBack(queue.value, last.alarms);
      said.value = plural("queue.undone", last.alarms.length);
      // Its button may be gone with it: the keys go on where they were.
      requestAnimationFrame(() => desk.current?.focus({ preventScroll: true }));
    } catch (error) {
      problem.value = error;
      judged.value = [...judged.value, last];
    }
  };
  const act = (what: Act) => {
    if (what.kind === "judge") give(what.verdict, what.alike);
    else if (what.kind === "undo") undo();
    else queue.value = { waiting, place: Math.max(0, Math.min(waiting.length - 1, place + what.by)) };
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement) return;
    const what = actOf(event);
    if (what === null) return;
    event.preventDefault();
    act(what);
  };
  const wrong = problem.value ?? loaded.value.problem;
  // The server counted when it was asked; since then these were judged here.
  const left = Math.max(waiting.length, (value?.n ?? 0) - (value?.waiting.length ?? 0) + waiting.length);
  return (
    <>
      <header class="panel-head">
        <h1>{words("queue.title")}</h1>
        <span class="nothing">{value !== null && plural("queue.left", left)}</span>
        <span class="spacer" />
        <Pace count={count.value} begunMs={begunMs.value} />
      </header>
      <p class="problem" role="alert">
        {wrong === null ? "" : wordsOfError(wrong)}
      </p>
      <p class="visually-hidden" role="status">
        {said.value}
      </p>
      {value === null && wrong === null && <p class="panel">{words("queue.loading")}</p>}
      {value !== null && alarm === undefined && (
        <div class="panel">
          <p>{words("queue.none")}</p>
          {judged.value.length > 0 && <UndoButton judged={judged.value} onUndo={undo} />}
        </div>
      )}
      {alarm !== undefined && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: single keys work only while the focus is here (WCAG 2.1.4)
        <section class="panel review-desk" ref={desk} tabIndex={0} onKeyDown={onKey} aria-label={words("queue.desk")}>
          <Shown alarm={alarm} place={place + 1} n={waiting.length} next={waiting[place + 1] ?? null} />
          <label class="instant">
            <span>{words("queue.note")}</span>
            <textarea
              name="note"
              rows={1}
              maxLength={1000}
              value={note.value}
              onInput={(event) => {
                note.value = event.currentTarget.value;
              }}
            />
          </label>
          <div class="review-verdicts">
            {VERDICTS.map((verdict, number) => (
              <button
                key={verdict}
                type="button"
                class="button main"
                data-verdict={verdict}
                onClick={() => give(verdict, false)}
              >
                <Key name={`${number + 1}`} />
                {words(`queue.${verdict}`)}
              </button>
            ))}
          </div>
          {alike.length > 1 && (
            <div class="review-alike">
              <p>{plural("queue.alike", alike.length - 1)}</p>
              {VERDICTS.map((verdict, number) => (
                <button key={verdict} type="button" class="button" onClick={() => give(verdict, true)}>
                  <Key name={`⇧${number + 1}`} />
                  {words(`queue.all_${verdict}`, { n: alike.length })}
                </button>
              ))}
            </div>
          )}
          <div class="row">
            <button
              type="button"
              class="button"
              aria-disabled={place === 0}
              onClick={() => act({ kind: "move", by: -1 })}
            >
              <Key name="↑" />
              {words("queue.before")}
            </button>
            <button
              type="button"
              class="button"
              aria-disabled={place + 1 >= waiting.length}
              onClick={() => act({ kind: "move", by: 1 })}
            >
              <Key name="↓" />
              {words("queue.after")}
            </button>
            {judged.value.length > 0 && <UndoButton judged={judged.value} onUndo={undo} />}
          </div>
          <p class="nothing review-keys">{words("queue.help")}</p>
        </section>
      )}
    </>
  );
}

function putBack({ waiting, place }: { waiting: Waiting[]; place: number }, alarms: readonly Waiting[]) {
  return { waiting: [...waiting.slice(0, place), ...alarms, ...waiting.slice(place)], place };
}

/** Which key does the same; said by the help, not with every button. */
function Key({ name }: { name: string }) {
  return (
    <span class="key" aria-hidden>
      {name}
    </span>
  );
}

function UndoButton({ judged, onUndo }: { judged: readonly Judgement[]; onUndo: () => void }) {
  const last = judged.at(-1);
  if (last === undefined) return null;
  return (
    <button type="button" class="button" onClick={onUndo}>
      <Key name="U" />
      {plural("queue.undo", last.alarms.length, { verdict: words(`verdict.${last.verdict}`) })}
    </button>
  );
}

function Pace({ count, begunMs }: { count: number; begunMs: number | null }) {
  if (begunMs === null || count === 0) return null;
  const minutes = Math.max(1, Math.round((performance.now() - begunMs) / 60_000));
  return <span class="review-pace">{plural("queue.pace", count, { minutes })}</span>;
}
