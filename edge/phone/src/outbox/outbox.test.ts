import "fake-indexeddb/auto";
import { afterEach, expect, it } from "vitest";
import { EcgFlag, encodeEcg, encodeEvent } from "../wire/frames";
import { unpack } from "../wire/msgpack";
import { type NewFrame, Outbox } from "./outbox";

let names = 0;
const opened: Outbox[] = [];
const fresh = () => `outbox-${names++}`;

async function open(name: string, maxBytes = 1e6, nowS = 1000): Promise<Outbox> {
  const outbox = await Outbox.open(name, maxBytes, nowS);
  opened.push(outbox);
  return outbox;
}

afterEach(() => {
  for (const outbox of opened.splice(0)) outbox.close();
});

function ecg(outbox: Outbox, seq: number, samples = 100): NewFrame {
  const { bootId } = outbox;
  const frame = { bootId, seq, t0: seq, fsMhz: 130_000, lead: "ECG", gain: 1000, baseline: 0, flags: 0 };
  return { bootId, stream: "ecg", seq, payload: encodeEcg({ ...frame, samples: new Int16Array(samples) }) };
}

function press(outbox: Outbox, seq: number): NewFrame {
  const { bootId } = outbox;
  return { bootId, stream: "event", seq, payload: encodeEvent({ bootId, seq, t0: seq, kind: "symptom", text: "{}" }) };
}

const many = (outbox: Outbox, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => ecg(outbox, from + i));
const seqs = async (outbox: Outbox) => (await outbox.after(0, 1e6)).map((held) => held.seq);
const flagsOf = (payload: Uint8Array) => (unpack(payload) as number[])[7];

it("lets go of what the database has, and of nothing else", async () => {
  const outbox = await open(fresh());
  await outbox.commit([...many(outbox, 0, 9), press(outbox, 0)], []);
  const { bootId } = outbox;
  const ack = { bootId, stream: "ecg", committed: 3, missing: [[4, 5]] as [number, number][], highest: 7 };
  expect(await outbox.commit([], [ack])).toBe(6);
  expect(await seqs(outbox)).toEqual([4, 5, 8, 9, 0]);
  expect(await outbox.commit([], [{ ...ack, bootId: bootId - 1, highest: 9 }])).toBe(0);
  expect(await outbox.commit([], [ack])).toBe(0);
  expect(outbox.contents.frames).toBe(5);
});

it("begins another run in the same page, above which the next page's is", async () => {
  const name = fresh();
  const first = await open(name);
  const { bootId } = first;
  await first.commit([ecg(first, 0)], []);
  expect(first.beginRun()).toBe(bootId + 1);
  await first.commit([ecg(first, 0)], []);
  first.close();
  expect((await open(name)).bootId).toBe(bootId + 2);
});

it("keeps frames, counts and what they weigh over a page that is closed", async () => {
  const name = fresh();
  const first = await open(name);
  await first.commit(many(first, 0, 4), []);
  const before = first.contents;
  first.close();
  const second = await open(name);
  expect(second.bootId).toBeGreaterThan(first.bootId);
  expect(second.contents).toEqual(before);
  await second.commit([ecg(second, 0)], []);
  expect((await second.after(0, 9)).map((held) => [held.bootId - first.bootId, held.seq])).toEqual([
    [0, 0],
    [0, 1],
    [0, 2],
    [0, 3],
    [0, 4],
    [1, 0],
  ]);
});

it("counts its runs upwards even when the phone's clock goes back", async () => {
  const name = fresh();
  const first = await open(name, 1e6, 5000);
  first.close();
  expect((await open(name, 1e6, 100)).bootId).toBe(5001);
});

it("drops the oldest signal when it is full, counts it, marks the hole, and keeps what the patient said", async () => {
  const outbox = await open(fresh(), 100_000);
  await outbox.commit([press(outbox, 0), ...many(outbox, 0, 199)], []);
  const more = many(outbox, 200, 299);
  expect(outbox.hasRoomFor(more)).toBe(false);
  const dropped = await outbox.dropFor(more, 0);
  await outbox.commit(more, []);
  expect(outbox.contents.lostFrames).toBe(dropped.size);
  expect(dropped.size).toBeGreaterThan(0);
  expect(outbox.contents.usedBytes).toBeLessThanOrEqual(100_000);
  const held = await outbox.after(0, 1e6);
  expect(held[0]?.stream).toBe("event");
  expect(held[1]?.seq).toBe(dropped.size);
  expect(held.slice(1).map((frame) => flagsOf(frame.payload))).toEqual([
    EcgFlag.gapBefore,
    ...Array.from({ length: held.length - 2 }, () => 0),
  ]);
});

it("counts what it never got, signal apart from the rest, and marks that hole, too", async () => {
  const outbox = await open(fresh());
  await outbox.commit([ecg(outbox, 0)], []);
  await outbox.countLost([ecg(outbox, 1), { ...ecg(outbox, 0), stream: "hr" }, ecg(outbox, 2)]);
  await outbox.commit([press(outbox, 0), ecg(outbox, 3), ecg(outbox, 4)], []);
  expect(outbox.contents).toMatchObject({ lostFrames: 3, lostEcgFrames: 2 });
  const held = (await outbox.after(0, 10)).filter((frame) => frame.stream === "ecg");
  expect(held.map((frame) => flagsOf(frame.payload))).toEqual([0, EcgFlag.gapBefore, 0]);
});

it("does not change a frame that may have been sent", async () => {
  const outbox = await open(fresh(), 100_000);
  await outbox.commit(many(outbox, 0, 199), []);
  const dropped = await outbox.dropFor(many(outbox, 200, 299), outbox.lastPosition);
  const [next] = await outbox.after(0, 1);
  expect(next?.seq).toBe(dropped.size);
  expect(flagsOf(next?.payload ?? new Uint8Array())).toBe(0);
});

it("finds what the patient said among hours of signal", async () => {
  const outbox = await open(fresh());
  await outbox.commit([...many(outbox, 0, 99), press(outbox, 0), ...many(outbox, 100, 149), press(outbox, 1)], []);
  expect((await outbox.events(10)).map((held) => held.seq)).toEqual([0, 1]);
});

it("marks the first frame that comes after all signal was dropped", async () => {
  const outbox = await open(fresh(), 100_000);
  await outbox.commit(many(outbox, 0, 99), []);
  const more = many(outbox, 100, 400);
  await outbox.dropFor(more, 0);
  expect(outbox.contents.frames).toBe(0);
  await outbox.commit(more.slice(0, 2), []);
  expect((await outbox.after(0, 9)).map((held) => flagsOf(held.payload))).toEqual([EcgFlag.gapBefore, 0]);
});
