// What an acknowledgement says the database has, as edge/watermark.py reads it. Pure.

import type { Ack } from "./frames";

/** Frames from the first number to the last, both included. */
export type SeqRange = readonly [first: number, last: number];

/** An acknowledgement that cannot be true: nothing of it is believed. */
export class ContradictoryAckError extends Error {}

/** The ranges of seq that the database has, in order, not touching each other; throws `ContradictoryAckError`. */
export function confirmedRanges(ack: Ack): SeqRange[] {
  if (ack.highest < ack.committed) {
    throw new ContradictoryAckError(`highest ${ack.highest} is below committed ${ack.committed}`);
  }
  const ranges: SeqRange[] = [];
  let first = 0;
  for (const [low, high] of ack.missing) {
    const least = Math.max(first, ack.committed + 1);
    if (!(least <= low && low <= high && high < ack.highest)) {
      throw new ContradictoryAckError(`missing ${low} to ${high} does not fit between ${least} and ${ack.highest}`);
    }
    if (low > first) ranges.push([first, low - 1]);
    first = high + 1;
  }
  if (ack.highest >= first) ranges.push([first, ack.highest]);
  return ranges;
}

export const isIn = (ranges: readonly SeqRange[], seq: number): boolean =>
  ranges.some(([first, last]) => first <= seq && seq <= last);
