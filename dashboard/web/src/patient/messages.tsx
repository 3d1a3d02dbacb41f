// What is said between the patient and the care team, oldest first, with who has read what; and saying something.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { getMessages, readMessages, sendMessage } from "../api/care";
import type { Field, Form, Message } from "../api/schema";
import { Waiting } from "../parts/waiting";
import { clockTime, dayAndTime } from "../words/numbers";
import { plural, words, wordsOfError } from "../words/words";
import { useLoaded } from "./loaded";
import { Question } from "./question";

const PAGE = 50;

interface Props {
  patientId: number;
  name: string;
  again: string;
}

export function Messages({ patientId, name, again }: Props) {
  const changes = useSignal(0);
  const problem = useSignal<unknown>(null);
  const asking = useSignal(false);
  const list = useRef<HTMLOListElement>(null);
  const limit = useSignal(PAGE);
  const loaded = useLoaded(`${patientId} ${again} ${changes.value} ${limit.value}`, (abort) =>
    getMessages(patientId, limit.value, abort),
  );
  const messages = (loaded.value.value?.messages ?? []).toReversed();
  const unread = messages.filter(isUnread).map(({ id }) => id);
  const newest = messages.at(-1)?.id;
  useEffect(() => {
    const element = list.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  }, [newest]);

  const attempt = async (act: () => Promise<unknown>): Promise<boolean> => {
    try {
      await act();
      problem.value = null;
      changes.value++;
      return true;
    } catch (error) {
      problem.value = error;
      return false;
    }
  };
  const said = problem.value ?? loaded.value.problem;
  return (
    <section class="panel" aria-labelledby="messages-title">
      <header class="panel-head">
        <h2 id="messages-title">{words("messages.title")}</h2>
        <span class="spacer" />
        <button
          type="button"
          class="button"
          aria-expanded={asking.value}
          onClick={() => {
            asking.value = !asking.value;
          }}
        >
          {words("messages.ask")}
        </button>
      </header>
      <Waiting of={loaded.value} />
      {loaded.value.value !== null && messages.length === 0 && <p class="nothing">{words("messages.none")}</p>}
      {messages.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
        <ol ref={list} class="messages" tabIndex={0} aria-labelledby="messages-title">
          {loaded.value.value?.more && (
            <li class="messages-older">
              <button
                type="button"
                class="button"
                onClick={() => {
                  limit.value += PAGE;
                }}
              >
                {words("messages.older")}
              </button>
            </li>
          )}
          {messages.map((message) => (
            <One
              key={message.id}
              message={message}
              name={name}
              form={messages.find(({ id }) => id === message.reply_to)?.form ?? null}
              onRead={() => attempt(() => readMessages(patientId, [message.id]))}
            />
          ))}
        </ol>
      )}
      {unread.length > 1 && (
        <button type="button" class="button" onClick={() => attempt(() => readMessages(patientId, unread))}>
          {plural("messages.mark_all", unread.length)}
        </button>
      )}
      <p class="problem" role="alert">
        {said === null ? "" : wordsOfError(said)}
      </p>
      {asking.value && (
        <Question
          patientId={patientId}
          onAsked={() => {
            asking.value = false;
            changes.value++;
          }}
        />
      )}
      <Say name={name} onSay={(text) => attempt(() => sendMessage(patientId, text))} />
    </section>
  );
}

interface OneProps {
  message: Message;
  name: string;
  /** Of the question that is answered. */
  form: Form | null;
  onRead: () => void;
}

function One({ message, name, form, onRead }: OneProps) {
  const isPatients = message.device !== null;
  const who = isPatients ? name : (message.by ?? "");
  return (
    <li data-from={isPatients ? "patient" : "team"} data-unread={isUnread(message)}>
      <p class="message-head">
        <strong>{who}</strong>{" "}
        <time dateTime={new Date(message.said_us / 1000).toISOString()}>{dayAndTime(message.said_us)}</time>
        {message.late && <span>{` · ${words("symptoms.late", { time: clockTime(message.received_us) })}`}</span>}
      </p>
      {message.text && <p class="said">{message.text}</p>}
      {message.form && (
        <ul class="fields">
          {message.form.fields.map((field) => (
            <li key={field.id}>{field.label}</li>
          ))}
        </ul>
      )}
      {message.answers && <Answers answers={message.answers} form={form} />}
      <p class="nothing">{readWords(message)}</p>
      {isUnread(message) && (
        <button
          type="button"
          class="button"
          aria-label={words("messages.mark_of", { time: dayAndTime(message.said_us) })}
          onClick={onRead}
        >
          {words("messages.mark")}
        </button>
      )}
    </li>
  );
}

/** Whether the patient said it and nobody has read it. */
const isUnread = ({ device, read }: Message): boolean => device !== null && read === null;

function readWords({ read, device }: Message): string {
  if (read === null) return words(device === null ? "messages.unread_by_patient" : "messages.unread");
  const time = dayAndTime(read.at_us);
  return read.name === null
    ? words("messages.read_by_patient", { time })
    : words("messages.read", { name: read.name, time });
}

type Given = NonNullable<Message["answers"]>;

function Answers({ answers, form }: { answers: Given; form: Form | null }) {
  const fields: readonly Field[] = form?.fields ?? [];
  return (
    <dl class="facts answers">
      {Object.entries(answers).map(([id, value]) => (
        <div key={id}>
          <dt>{fields.find((field) => field.id === id)?.label ?? id}</dt>
          <dd>
            {answerWords(
              value,
              fields.find((field) => field.id === id),
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function answerWords(value: Given[string], field: Field | undefined): string {
  if (typeof value === "boolean") return words(value ? "answer.yes" : "answer.no");
  if (field?.kind === "scale") return words("answer.scale", { n: Number(value) });
  return String(value);
}

function Say({ name, onSay }: { name: string; onSay: (text: string) => Promise<boolean> }) {
  const text = useRef<HTMLTextAreaElement>(null);
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const said = text.current?.value.trim() ?? "";
    if (busy.value || said === "") return;
    busy.value = true;
    if ((await onSay(said)) && text.current) text.current.value = "";
    busy.value = false;
    text.current?.focus();
  };
  return (
    <form class="say" onSubmit={submit}>
      <label>
        <span class="visually-hidden">{words("messages.to", { name })}</span>
        <textarea ref={text} rows={2} maxLength={800} placeholder={words("messages.to", { name })} required />
      </label>
      <button type="submit" class="button" aria-disabled={busy.value}>
        {words("messages.send")}
      </button>
    </form>
  );
}
