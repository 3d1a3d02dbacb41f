// Acknowledging an alarm and taking it back, and what is said of it for a moment afterwards.

import { signal } from "@preact/signals";
import { acknowledge, undoAcknowledgement } from "../api/patients";
import type { Alarm } from "../api/types";
import { learnAlarm } from "../ward/ward";

/** How long the word about an answer stays, ms. */
const STAYS_MS = 15_000;

export type Note = { kind: "acknowledged" | "undone"; alarm: Alarm } | { kind: "failed"; alarm: Alarm; error: unknown };

export const note = signal<Note | null>(null);
/** A second press within this time is a slip of the hand, not an undo, ms. */
const SLIP_MS = 1000;

/** Alarms whose answer is on its way, or was given this moment: not to be answered now. */
export const answering = signal<ReadonlySet<number>>(new Set());
let forget: ReturnType<typeof setTimeout> | undefined;

export function say(next: Note | null): void {
  clearTimeout(forget);
  note.value = next;
  if (next !== null && next.kind !== "failed") forget = setTimeout(() => say(null), STAYS_MS);
}

async function answer(alarm: Alarm, ask: (alarm: Alarm) => Promise<Alarm>, kind: "acknowledged" | "undone") {
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
