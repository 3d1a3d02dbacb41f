// Trouble on top: what is worst comes first, and what is equal keeps its place. Pure.

import type { Alarm, AlarmState, Call, WardPatient } from "../api/types";
import { freshness } from "./freshness";

interface Watched {
  patient: WardPatient;
  alarms: readonly Alarm[];
}

const PRIORITY = { high: 0, medium: 2, low: 4 } as const;
const LATE = 6;
const ACKNOWLEDGED = 10;
/** Nobody can judge this patient now, though no alarm says so yet. */
const NO_SIGNAL = 3.5;
const NOTHING = 100;

/** Whether a person has yet to answer. */
export const isUnanswered = (alarm: Alarm): boolean =>
  alarm.state !== "acknowledged" && alarm.state !== "ended" && alarm.state !== "suppressed";

/** How it looks: what no screen had shown yet, or is silent for a time, is as grave as what sounds. */
export const lookOf = ({ state }: Alarm): AlarmState =>
  state === "pending" || state === "silenced" ? "active" : state;

/** Smaller is graver: unanswered before acknowledged, then priority, heart before technique, lasting before ended. */
export function rankOfAlarm(alarm: Alarm): number {
  const own = alarm.late ? LATE : PRIORITY[alarm.priority];
  const technical = alarm.family === "technical" ? 1 : 0;
  const ended = alarm.state === "latched" ? 0.25 : 0;
  return own + technical + ended + (isUnanswered(alarm) ? 0 : ACKNOWLEDGED);
}

type Catalogue = ReadonlyMap<string, Pick<Call, "implies">>;

/** The calls that a call hides, with those that they hide in turn. */
function hiddenBy(code: string, calls: Catalogue): ReadonlySet<string> {
  const found = new Set(calls.get(code)?.implies);
  // This loop also reaches what is added meanwhile.
  for (const lesser of found) for (const least of calls.get(lesser)?.implies ?? []) found.add(least);
  return found;
}

/** The gravest first; of equally grave ones that which says all that another says before it, otherwise the newest. */
export function gravestFirst(alarms: readonly Alarm[], calls: Catalogue): Alarm[] {
  const ranked = alarms.map((alarm) => ({ alarm, rank: rankOfAlarm(alarm), hides: hiddenBy(alarm.call, calls) }));
  // Who hides one also hides all that it hides: the lesser of two always has more above it.
  const countAbove = ({ alarm, rank }: (typeof ranked)[number]) =>
    ranked.filter((other) => other.rank === rank && other.hides.has(alarm.call)).length;
  return ranked
    .map((one) => ({ ...one, above: countAbove(one) }))
    .sort((a, b) => a.rank - b.rank || a.above - b.above || b.alarm.onset_us - a.alarm.onset_us)
    .map(({ alarm }) => alarm);
}

export function rankOf({ patient, alarms }: Watched, nowUs: number): number {
  const gravest = Math.min(NOTHING, ...alarms.map(rankOfAlarm));
  const kind = freshness(patient, nowUs).kind;
  return kind === "quiet" || kind === "never" ? Math.min(gravest, NO_SIGNAL) : gravest;
}

/** Whether anything is open of this patient, answered or not, or nobody can judge him. */
export const isInTrouble = (watched: Watched, nowUs: number): boolean => rankOf(watched, nowUs) < NOTHING;

const byPlace = (a: Watched, b: Watched): number =>
  a.patient.ward.localeCompare(b.patient.ward) ||
  a.patient.name.localeCompare(b.patient.name) ||
  a.patient.id - b.patient.id;

/** By ward and name: everybody where he always is. */
export const inPlaces = <T extends Watched>(everyone: readonly T[]): T[] => [...everyone].sort(byPlace);

/** Trouble first, then by ward and name. */
export function inOrder<T extends Watched>(everyone: readonly T[], nowUs: number): T[] {
  const ranks = new Map(everyone.map((watched) => [watched.patient.id, rankOf(watched, nowUs)]));
  const rank = (watched: T) => ranks.get(watched.patient.id) ?? NOTHING;
  return [...everyone].sort((a, b) => rank(a) - rank(b) || byPlace(a, b));
}

/** Pointer or focus that rests longer than this no longer holds the order, microseconds. */
const HOLD_US = 10e6;

/** A press so soon after tiles moved under a resting hand was meant for what stood there before, microseconds. */
const SLIP_US = 400e3;

/** Keeps tiles where they are while somebody is about to press one. */
export class HeldOrder {
  private order: readonly number[] = [];
  private touchedUs: number | null = null;
  private movedUs = Number.NEGATIVE_INFINITY;

  /** Pointer or focus did something among the tiles. */
  touched(nowUs: number): void {
    this.touchedUs = nowUs;
  }

  released(): void {
    this.touchedUs = null;
  }

  isHeld(nowUs: number): boolean {
    return this.touchedUs !== null && nowUs - this.touchedUs < HOLD_US;
  }

  /** Whether tiles moved a moment ago: a pointer that rested here may now be on another patient. */
  hasJustMoved(nowUs: number): boolean {
    return nowUs - this.movedUs < SLIP_US;
  }

  /** The order to show: `wanted`, or while held the one before, with new patients at its end. */
  next(wanted: readonly number[], nowUs: number): readonly number[] {
    if (this.isHeld(nowUs)) {
      const kept = this.order.filter((id) => wanted.includes(id));
      this.order = [...kept, ...wanted.filter((id) => !kept.includes(id))];
    } else {
      const hasMoved = this.order.some((id, place) => wanted[place] !== id);
      if (hasMoved && this.touchedUs !== null) this.movedUs = nowUs;
      this.order = wanted;
    }
    return this.order;
  }
}
