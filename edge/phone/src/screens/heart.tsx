// My heart: the rate over a day, what happened, who looked.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { readPieces } from "../api/ecg_record";
import { ApiError, get } from "../api/http";
import type { HeartEvent, Looks, Trend } from "../api/types";
import { drawLine } from "../parts/live_line";
import { TrendPicture } from "../parts/trend_picture";
import { Unpair } from "../parts/unpair";
import { WardClock } from "../parts/ward_clock";
import { ask } from "../patient";
import { session } from "../store";
import { wordsOfChips } from "../words/chips";
import { language } from "../words/language";
import { span, when, words, wordsOfError } from "../words/words";

const STRIP_US = 5_000_000;

/** Fetch once when shown: null until it is there, or the code of what went wrong. */
function useAsked<T>(path: string): { got: T | null; problem: string | null } {
  const got = useSignal<T | null>(null);
  const problem = useSignal<string | null>(null);
  useEffect(() => {
    ask<T>(path).then(
      (value) => {
        got.value = value;
      },
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        problem.value = error.code;
      },
    );
  }, [path]);
  return { got: got.value, problem: problem.value };
}

function Waiting({ problem }: { problem: string | null }) {
  return <p role="status">{problem === null ? words("heart.loading") : wordsOfError(problem, { span: "" })}</p>;
}

export function Heart() {
  return (
    <>
      <h1>{words("heart.title")}</h1>
      <WardClock />
      <TrendOfDay />
      <Events />
      <Access />
      <section aria-labelledby="share">
        <h2 id="share">{words("heart.share")}</h2>
        <p>{words("heart.share_later")}</p>
      </section>
      <Unpair />
    </>
  );
}

function TrendOfDay() {
  const { got, problem } = useAsked<Trend>("/api/my/trend?hours=24");
  return (
    <section aria-labelledby="trend">
      <h2 id="trend">{words("heart.trend")}</h2>
      {got === null ? <Waiting problem={problem} /> : <TrendPicture trend={got} />}
    </section>
  );
}

function Events() {
  const { got, problem } = useAsked<{ events: HeartEvent[] }>("/api/my/events?limit=20");
  return (
    <section aria-labelledby="events">
      <h2 id="events">{words("heart.events")}</h2>
      {got === null && <Waiting problem={problem} />}
      {got !== null && got.events.length === 0 && <p>{words("heart.no_events")}</p>}
      {got !== null && (
        <ul class="list">
          {got.events.map((event) => (
            <li key={`${event.kind} ${event.id}`}>
              <EventOf event={event} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function EventOf({ event }: { event: HeartEvent }) {
  const isShown = useSignal(false);
  const { kind, names, onset_us, ended_us, chips, note, read_us, read_by } = event;
  const felt = wordsOfChips(chips);
  const name = kind === "symptom" ? words("heart.you_pressed") : names[language.value];
  return (
    <>
      <strong>{when(onset_us)}</strong>
      <span>{name}</span>
      {felt !== "" && <span>{felt}</span>}
      {note !== "" && <span>{note}</span>}
      {kind === "alarm" && ended_us !== null && (
        <span>{words("heart.lasted", { span: span((ended_us - onset_us) / 1e6) })}</span>
      )}
      <span class={read_us === null ? "state" : "state good"}>
        {read_us === null
          ? words("heart.not_read")
          : words("feel.read", { name: read_by ?? words("messages.team"), when: when(read_us) })}
      </span>
      <button
        type="button"
        class="button small"
        aria-expanded={isShown.value}
        onClick={() => {
          isShown.value = !isShown.value;
        }}
      >
        {words(isShown.value ? "heart.hide" : "heart.show")}
      </button>
      {isShown.value && <Strip atUs={onset_us} />}
    </>
  );
}

function Strip({ atUs }: { atUs: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const state = useSignal<"loading" | "there" | "none" | string>("loading");
  useEffect(() => {
    const load = async () => {
      if (!session.value) return;
      const [fromUs, toUs] = [atUs - STRIP_US, atUs + STRIP_US];
      const path = `/api/my/ecg?from_us=${fromUs}&to_us=${toUs}`;
      const pieces = readPieces(await (await get(path, session.value.credential)).arrayBuffer());
      const [first] = pieces;
      state.value = first === undefined ? "none" : "there";
      if (first === undefined || canvas.current === null) return;
      const at = (tUs: number) => {
        const piece = pieces.find((one) => tUs >= one.t0Us && tUs < one.t0Us + (one.mv.length * 1e6) / one.fsHz);
        return piece?.mv[Math.floor(((tUs - piece.t0Us) / 1e6) * piece.fsHz)] ?? Number.NaN;
      };
      drawLine(canvas.current, at, fromUs, toUs, first.fsHz);
    };
    load().catch((error: unknown) => {
      state.value = error instanceof ApiError ? error.code : "unexpected";
    });
  }, [atUs]);
  const { value } = state;
  return (
    <>
      {value === "loading" && <p role="status">{words("heart.loading")}</p>}
      {value === "none" && <p role="status">{words("heart.no_line")}</p>}
      {value !== "loading" && value !== "none" && value !== "there" && (
        <p role="status">{wordsOfError(value, { span: "" })}</p>
      )}
      <canvas
        ref={canvas}
        class="line"
        hidden={value !== "there" && value !== "loading"}
        role="img"
        aria-label={words("heart.strip", { when: when(atUs) })}
      />
      {value === "there" && <p class="state">{words("heart.strip_help", { when: when(atUs) })}</p>}
    </>
  );
}

const ACTIONS = {
  saw_patient: "look.patient",
  saw_ecg: "look.ecg",
  saw_symptoms: "look.symptoms",
  saw_messages: "look.messages",
  read_symptom: "look.symptoms",
  read_message: "look.messages",
  sent_message: "look.wrote",
  asked_question: "look.asked",
  acknowledged: "look.acknowledged",
  made_pairing_code: "look.code",
  paired_device: "look.paired",
  revoked_device: "look.revoked",
  made_report: "look.report",
  took_report: "look.report",
  rehearsed_limits: "look.limits",
} as const;

function Access() {
  const { got, problem } = useAsked<{ access: Looks[] }>("/api/my/access");
  const told = (action: string) => ACTIONS[action as keyof typeof ACTIONS] ?? "look.else";
  return (
    <section aria-labelledby="access">
      <h2 id="access">{words("heart.access")}</h2>
      {got === null && <Waiting problem={problem} />}
      {got !== null && got.access.length === 0 && <p>{words("heart.nobody")}</p>}
      {got !== null && (
        <ul class="list">
          {got.access.slice(0, 30).map((one) => (
            <li key={`${one.name} ${one.action} ${one.last_us}`}>
              <strong>{one.name}</strong>
              <span>{words(told(one.action))}</span>
              <span class="state">{when(one.last_us)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
