// Alarms that wait to be judged: the server's queue, and what one's hands do to it.

import { getJson, post } from "../api/http";
import type { Queue, Verdict, Waiting } from "../api/schema";

export type { Verdict, Waiting };

/** What was judged by one press, so that one press takes it back. */
export interface Judgement {
  alarms: Waiting[];
  verdict: Verdict;
}

export const getQueue = (abort?: AbortSignal) => getJson<Queue>("/api/review", abort);

export const judge = (alarms: readonly Waiting[], verdict: Verdict, note: string) =>
  post("/api/review", { alarm_ids: alarms.map(({ alarm_id }) => alarm_id), verdict, note });

export const takeBack = (alarms: readonly Waiting[]) =>
  post("/api/review/undo", { alarm_ids: alarms.map(({ alarm_id }) => alarm_id) });

/** All that are like the one at `place`, itself among them. Pure. */
export function alikeOf(waiting: readonly Waiting[], place: number): Waiting[] {
  const chosen = waiting[place];
  return chosen === undefined ? [] : waiting.filter(({ group }) => group === chosen.group);
}

/** Without these; where one stands then: at the first that came after what was there. Pure. */
export function without(
  waiting: readonly Waiting[],
  place: number,
  gone: readonly Waiting[],
): { waiting: Waiting[]; place: number } {
  const ids = new Set(gone.map(({ alarm_id }) => alarm_id));
  const left = waiting.filter(({ alarm_id }) => !ids.has(alarm_id));
  const before = waiting.slice(0, place).filter(({ alarm_id }) => !ids.has(alarm_id)).length;
  return { waiting: left, place: Math.min(before, Math.max(0, left.length - 1)) };
}

export type Act = { kind: "judge"; verdict: Verdict; alike: boolean } | { kind: "move"; by: number } | { kind: "undo" };

const VERDICT_KEYS: Readonly<Record<string, Verdict>> = { "1": "true", "2": "false", "3": "unsure" };
/** The digits with the shift key, wherever it puts them. */
const DIGIT_CODES: Readonly<Record<string, string>> = { Digit1: "1", Digit2: "2", Digit3: "3" };

/** What a key means; with the shift key a verdict is for all that are alike. Pure. */
export function actOf({
  key,
  code,
  shiftKey,
  ctrlKey,
  metaKey,
  altKey,
}: Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">): Act | null {
  if (ctrlKey || metaKey || altKey) return null;
  const verdict = VERDICT_KEYS[shiftKey ? (DIGIT_CODES[code] ?? "") : key];
  if (verdict !== undefined) return { kind: "judge", verdict, alike: shiftKey };
  if (key === "ArrowDown" || key === "j") return { kind: "move", by: 1 };
  if (key === "ArrowUp" || key === "k") return { kind: "move", by: -1 };
  return key === "u" || key === "Backspace" ? { kind: "undo" } : null;
}
