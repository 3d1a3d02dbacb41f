import { expect, it } from "vitest";
import type { Held } from "./outbox";
import { Window } from "./window";

const held = (position: number): Held => ({
  position,
  bootId: 1,
  stream: "ecg",
  seq: position - 1,
  payload: new Uint8Array(1),
});

/** An outbox of frames 1..n. */
const reader = (n: () => number) => async (after: number, limit: number) =>
  Array.from({ length: Math.max(0, Math.min(limit, n() - after)) }, (_, i) => held(after + 1 + i));
const positions = (frames: Held[]) => frames.map((frame) => frame.position);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const ack = (committed: number, missing: [number, number][] = [], highest = committed) => ({
  bootId: 1,
  stream: "ecg",
  committed,
  missing,
  highest,
});

it("sends the oldest first, and the newest beside a full window", async () => {
  let n = 100;
  const read = reader(() => n);
  const window = new Window(256, 5000);
  window.begin(n, [], 0);
  expect(positions(await window.due(read, 0))).toEqual(range(1, 32));
  n = 102;
  expect(positions(await window.due(read, 10))).toEqual([101, 102]);
  expect(positions(await window.due(read, 20))).toEqual([]);
  expect(window.handedUpTo).toBe(102);
});

it("sends first of all what the patient said", async () => {
  const window = new Window(256, 5000);
  window.begin(100, [held(77)], 0);
  expect(
    positions(
      await window.due(
        reader(() => 100),
        0,
      ),
    ),
  ).toEqual([77, ...range(1, 32)]);
});

it("sends again what the database misses, and goes on with what it has not seen", async () => {
  const read = reader(() => 40);
  const window = new Window(32, 5000);
  window.begin(40, [], 0);
  await window.due(read, 0);
  window.confirm(ack(9, [[10, 11]], 20), 1500);
  expect(positions(await window.due(read, 1500))).toEqual([11, 12, ...range(33, 40)]);
});

it("asks with a few when nothing is answered, and sends all again when something is", async () => {
  const read = reader(() => 40);
  const window = new Window(32, 5000);
  window.begin(40, [], 0);
  await window.due(read, 0);
  expect(window.isStuck(4000)).toBe(false);
  expect(window.isStuck(5000)).toBe(true);
  expect(positions(await window.due(read, 5000))).toEqual(range(1, 16));
  window.confirm(ack(0), 5200);
  expect(positions(await window.due(read, 6100))).toEqual(range(2, 32));
});

it("begins anew on a new connection", async () => {
  const read = reader(() => 40);
  const window = new Window(32, 5000);
  window.begin(40, [], 0);
  await window.due(read, 0);
  window.begin(40, [], 100);
  expect(positions(await window.due(read, 100))).toEqual(range(1, 32));
});
