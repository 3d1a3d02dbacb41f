import { expect, it } from "vitest";
import { ContradictoryAckError, confirmedRanges } from "./watermark";

const ack = (committed: number, missing: [number, number][], highest: number) => ({
  bootId: 1,
  stream: "ecg",
  committed,
  missing,
  highest,
});

it.each([
  [ack(-1, [], -1), []],
  [ack(4, [], 4), [[0, 4]]],
  [
    ack(4, [[5, 6]], 9),
    [
      [0, 4],
      [7, 9],
    ],
  ],
  [
    ack(
      -1,
      [
        [0, 2],
        [5, 5],
      ],
      9,
    ),
    [
      [3, 4],
      [6, 9],
    ],
  ],
])("says what the database has: %o", (given, ranges) => {
  expect(confirmedRanges(given)).toEqual(ranges);
});

it.each([
  [ack(5, [], 4)],
  [ack(5, [[3, 4]], 9)],
  [ack(5, [[8, 7]], 9)],
  [ack(5, [[7, 9]], 9)],
  [
    ack(
      5,
      [
        [7, 8],
        [8, 8],
      ],
      10,
    ),
  ],
])("believes nothing of one that cannot be true: %o", (given) => {
  expect(() => confirmedRanges(given)).toThrow(ContradictoryAckError);
});
