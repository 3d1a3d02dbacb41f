// What a person does to an alarm, and what is said of it for a moment afterwards, with the way back.

import { signal } from "@preact/signals";
import { review, silence, undoReview, undoSilence } from "../api/alarms";
import { acknowledge, undoAcknowledgement } from "../api/patients";
import type { Alarm, Verdict } from "../api/types";
import { learnAlarm } from "../ward/ward";

/** How long the word about an answer stays, ms. */
const STAYS_MS = 15_000;
/** A second press within this time is a slip of the hand, not an undo, ms. */
const SLIP_MS = 1000;
/** How long an alarm is silent, unless said otherwise, seconds. */
export const SILENCE_S = 120;

export type Done = "acknowledged" | "undone" | "silenced" | "silence_undone" | "reviewed" | "review_undone";
export type Note = { kind: Done; alarm: Alarm } | { kind: "failed"; alarm: Alarm | null; error: unknown };

export const note = signal<Note | null>(null);
/** Alarms whose answer is on its way, or was given this moment: not to be answered now. */
export const answering = signal<ReadonlySet<number>>(new Set());
let forget: ReturnType<typeof setTimeout> | undefined;

export function say(next: Note | null): void {
  clearTimeout(forget);
  note.value = next;
  if (next !== null && next.kind !== "failed") forget = setTimeout(() => say(null), STAYS_MS);
}

async function answer(alarm: Alarm, ask: (alarm: Alarm) => Promise<Alarm>, kind: Done): Promise<void> {
  if (answering.value.has(alarm.id)) return;
  answering.value = new Set([...answering.value, alarm.id]);
  try {
    const changed = await ask(alarm);
    learnAlarm(changed);
    say({ kind, alarm: changed });
  } catch (error) {
    say({ kind: "failed", alarm, error });
  } finally {
    const isOver = () => {
      answering.value = new Set([...answering.value].filter((id) => id !== alarm.id));
    };
    if (note.value?.kind === "acknowledged") setTimeout(isOver, SLIP_MS);
    else isOver();
  }
}

/** One after the other; the first that fails is told, and the rest is not tried. */
export async function acknowledgeAll(alarms: readonly Alarm[]): Promise<void> {
  for (const alarm of alarms) {
    await answer(alarm, acknowledge, "acknowledged");
    if (note.value?.kind === "failed") return;
  }
}

export const acknowledgeAlarm = (alarm: Alarm) => answer(alarm, acknowledge, "acknowledged");
export const undoAlarm = (alarm: Alarm) => answer(alarm, undoAcknowledgement, "undone");
export const silenceAlarm = (alarm: Alarm) => answer(alarm, (one) => silence(one, SILENCE_S), "silenced");
export const soundAgain = (alarm: Alarm) => answer(alarm, undoSilence, "silence_undone");
export const reviewAlarm = (alarm: Alarm, verdict: Verdict, words: string) =>
  answer(alarm, (one) => review(one, verdict, words), "reviewed");
export const undoReviewOf = (alarm: Alarm) => answer(alarm, undoReview, "review_undone");

/** What takes back what was just done; null where nothing does. */
export const WAY_BACK: Readonly<Record<Done, ((alarm: Alarm) => Promise<void>) | null>> = {
  acknowledged: undoAlarm,
  undone: null,
  silenced: soundAgain,
  silence_undone: null,
  reviewed: undoReviewOf,
  review_undone: null,
};

/** Something that is of no alarm failed. */
export const sayFailure = (error: unknown) => say({ kind: "failed", alarm: null, error });
