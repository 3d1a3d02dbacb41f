// The steps of an alarm's way, in the order of time: when, how long after the one before, by whom, and where in the ledger.

import type { StoryStep } from "../api/ledger";
import { clockTime, decimal, longDay } from "../words/numbers";
import { callName, type MessageKey, words } from "../words/words";
import { gaps, spans, whenceOf } from "./story";

const KINDS: Readonly<Record<string, MessageKey>> = {
  onset: "story.kind.onset",
  met: "story.kind.met",
  received: "story.kind.received",
  raised: "story.kind.raised",
  added: "story.kind.added",
  paused: "story.kind.paused",
  shown: "story.kind.shown",
  notified: "story.kind.notified",
  not_told: "story.kind.not_told",
  passed_on: "story.kind.passed_on",
  escalated: "story.kind.escalated",
  suppressed: "story.kind.suppressed",
  ended: "story.kind.ended",
  acknowledged: "story.kind.acknowledged",
  acknowledgement_undone: "story.kind.acknowledgement_undone",
  silenced: "story.kind.silenced",
  silence_undone: "story.kind.silence_undone",
  reviewed: "story.kind.reviewed",
  review_undone: "story.kind.review_undone",
  handed_over: "story.kind.handed_over",
};

const seconds = (us: number) => words("story.seconds", { seconds: decimal(us / 1e6, 2) });

export function Spans({ steps }: { steps: readonly StoryStep[] }) {
  const { toRaised, toNoticed, toAcknowledged } = spans(steps);
  const rows: [MessageKey, number | null][] = [
    ["story.to_raised", toRaised],
    ["story.to_noticed", toNoticed],
    ["story.to_acknowledged", toAcknowledged],
  ];
  return (
    <dl class="story-spans">
      {rows.map(([key, us]) => (
        <div key={key} data-missing={us === null}>
          <dt>{words(key)}</dt>
          <dd>{us === null ? words("story.not_yet") : seconds(us)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The times are those of a zone. */
export function Steps({ steps, of }: { steps: readonly StoryStep[]; of: string | undefined }) {
  const after = gaps(steps);
  return (
    <ol class="story">
      {steps.map((step, i) => (
        <li key={`${step.kind}${step.at_us}${step.seal?.seq ?? ""}`} data-kind={step.kind}>
          <time dateTime={new Date(step.at_us / 1000).toISOString()} title={longDay(step.at_us, of)}>
            {clockTime(step.at_us, of)}
          </time>
          <span class="story-gap">{after[i] != null && words("story.after", { span: seconds(after[i]) })}</span>
          <span class="story-words">
            <strong>{kindWords(step)}</strong>
            <More step={step} />
          </span>
          <Sealed step={step} of={of} />
        </li>
      ))}
    </ol>
  );
}

function kindWords({ kind, name, detail }: StoryStep): string {
  const key = KINDS[kind];
  if (key === undefined) return kind;
  const by = detail["by"];
  return words(key, {
    name: name ?? words("story.nobody_named"),
    call: typeof by === "string" ? callName(by) : "",
    seconds: typeof detail["seconds"] === "number" ? detail["seconds"] : "",
    verdict: verdictWords(detail["verdict"]),
  });
}

function verdictWords(verdict: unknown): string {
  if (verdict === "true" || verdict === "false" || verdict === "unsure") return words(`judged.${verdict}`);
  return "";
}

/** What else is known of a step: a note, a channel, from where. */
function More({ step }: { step: StoryStep }) {
  const { detail } = step;
  const said = ["to", "channel", "problem", "note", "reason"].flatMap((key) => {
    const value = detail[key];
    return typeof value === "string" && value !== "" ? [value] : [];
  });
  const whence = whenceOf(step);
  if (whence !== null) said.push(words("story.from", { whence }));
  return said.length === 0 ? null : <span class="story-more">{said.join(" · ")}</span>;
}

const EVENTLESS: readonly string[] = ["onset", "met", "received"];

function Sealed({ step: { kind, seal }, of }: { step: StoryStep; of: string | undefined }) {
  if (seal === null) {
    return <span class="story-seal">{!EVENTLESS.includes(kind) && words("story.not_sealed")}</span>;
  }
  return (
    <span class="story-seal" title={words("story.sealed_at", { time: clockTime(seal.at_us, of) })}>
      {words("story.entry", { n: seal.seq })} <code>{seal.hash.slice(0, 12)}</code>
    </span>
  );
}
