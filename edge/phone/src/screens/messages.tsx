// Messages with the care team, both ways, and the team's questions.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { TeamMessage } from "../api/types";
import { Question } from "../parts/question";
import { WardClock } from "../parts/ward_clock";
import { markRead, write } from "../patient";
import { messages, type Said, said } from "../store";
import { when, words } from "../words/words";

const TEXT_MAX = 450;

/** What is shown of a message, whoever has it: the server, or only this phone. */
type Shown = { one: TeamMessage; isReceived: boolean };

const ofPhone = ({ id, kind, tUs, text, replyTo, answers, isReceived }: Said): Shown => ({
  one: {
    id,
    kind,
    from: "patient",
    t_us: tUs,
    text,
    form: null,
    answers,
    reply_to: replyTo,
    by: null,
    read_us: null,
    read_by: null,
  },
  isReceived,
});

export function Messages() {
  const there = messages.value ?? [];
  const isAnswered = (id: string) => there.some((one) => one.reply_to === id);
  const own = said.value.filter((one) => one.replyTo === null || !isAnswered(one.replyTo)).map(ofPhone);
  const shown = [...there.map((one): Shown => ({ one, isReceived: true })), ...own].sort(
    (a, b) => a.one.t_us - b.one.t_us,
  );
  const newest = there.findLast((one) => one.from === "team")?.id;
  useEffect(() => {
    if (document.visibilityState !== "visible") return;
    for (const one of messages.value ?? []) if (one.from === "team" && one.read_us === null) markRead(one.id);
  }, [newest]);
  return (
    <>
      <h1>{words("messages.title")}</h1>
      <p>{words("messages.not_urgent")}</p>
      <WardClock />
      <Write />
      {messages.value === null && shown.length === 0 && <p role="status">{words("messages.not_yet")}</p>}
      {messages.value !== null && shown.length === 0 && <p>{words("messages.none")}</p>}
      <ol class="talk" aria-label={words("messages.list")} aria-live="polite">
        {shown.toReversed().map(({ one, isReceived }) => (
          <li key={`${one.kind} ${one.id}`} data-from={one.from}>
            <p class="by">{words("messages.by", { name: nameOf(one), when: when(one.t_us) })}</p>
            <Content
              one={one}
              isAnswered={[...there, ...said.value.map((s) => ofPhone(s).one)].some((a) => a.reply_to === one.id)}
            />
            {one.from === "patient" && <p class="state">{stateOf(one, isReceived)}</p>}
          </li>
        ))}
      </ol>
    </>
  );
}

function nameOf({ from, by }: TeamMessage): string {
  return from === "team" ? (by ?? words("messages.team")) : words("messages.you");
}

function stateOf(one: TeamMessage, isReceived: boolean): string {
  if (one.read_us !== null) return words("messages.read", { name: one.read_by ?? "", when: when(one.read_us) });
  return words(isReceived ? "messages.sent" : "messages.kept");
}

function Content({ one, isAnswered }: { one: TeamMessage; isAnswered: boolean }) {
  if (one.kind === "question" && one.form !== null) {
    return isAnswered ? (
      <p>
        {one.form.title} <strong>{words("messages.answered")}</strong>
      </p>
    ) : (
      <Question id={one.id} form={one.form} />
    );
  }
  if (one.kind !== "answer") return <p>{one.text}</p>;
  const values = Object.values(one.answers ?? {}).map((value) =>
    typeof value === "boolean" ? words(value ? "question.yes" : "question.no") : String(value),
  );
  return <p>{words("messages.your_answer", { answers: values.join(", ") })}</p>;
}

function Write() {
  const text = useSignal("");
  const send = (event: Event) => {
    event.preventDefault();
    if (text.value.trim() === "") return;
    write(text.value.trim());
    text.value = "";
  };
  return (
    <form onSubmit={send}>
      <label for="text">{words("messages.write")}</label>
      <textarea
        id="text"
        rows={3}
        maxLength={TEXT_MAX}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      <button type="submit" class="button main">
        {words("messages.send")}
      </button>
    </form>
  );
}
