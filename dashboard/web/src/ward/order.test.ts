import { describe, expect, it } from "vitest";
import type { Alarm, WardPatient } from "../api/types";
import { gravestFirst, HeldOrder, inOrder } from "./order";

const NOW_US = 1e12;

const alarm = (some: Partial<Alarm>): Alarm => ({
  id: 1,
  patient_id: 1,
  call: "asystole",
  priority: "high",
  family: "clinical",
  late: false,
  onset_us: 0,
  signal_us: 0,
  raised_us: 0,
  ended_us: null,
  suppressed_by: null,
  acknowledged: null,
  state: "active",
  detail: {},
  additions: 0,
  confidence: null,
  shown_us: null,
  paused_us: null,
  silenced: null,
  escalation: null,
  reviewed: null,
  ...some,
});

const watched = (id: number, alarms: Alarm[] = [], some: Partial<WardPatient> = {}) => ({
  alarms,
  patient: {
    id,
    name: `Patient ${String(id).padStart(2, "0")}`,
    ward: "",
    hr_bpm: 70,
    quality: "good" as const,
    last_sample_us: NOW_US,
    last_received_us: NOW_US,
    analysed_until_us: NOW_US,
    battery_percent: 80,
    online: true,
    nurse: null,
    ward_id: null,
    ...some,
  },
});

const ids = (everyone: ReturnType<typeof watched>[]) => inOrder(everyone, NOW_US).map(({ patient: { id } }) => id);

describe("the ward's order", () => {
  it("has the gravest unanswered alarm first, and silence before calm", () => {
    const everyone = [
      watched(1),
      watched(2, [alarm({ state: "acknowledged" })]),
      watched(3, [alarm({ late: true, state: "latched" })]),
      watched(4, [alarm({ priority: "low" })]),
      watched(5, [], { last_received_us: NOW_US - 60e6 }),
      watched(6, [alarm({ priority: "medium", family: "technical" })]),
      watched(7, [alarm({ priority: "medium" })]),
      watched(8, [alarm({ state: "latched" })]),
      watched(9, [alarm({})]),
    ];
    expect(ids(everyone)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it("counts a patient by his gravest alarm", () => {
    const everyone = [
      watched(1, [alarm({ priority: "medium" })]),
      watched(2, [alarm({ priority: "low" }), alarm({ priority: "high" })]),
    ];
    expect(ids(everyone)).toEqual([2, 1]);
  });

  it("is by ward and name where nothing is wrong", () => {
    expect(ids([watched(3), watched(1, [], { ward: "B" }), watched(2)])).toEqual([2, 3, 1]);
  });
});

describe("the alarms of one patient", () => {
  const calls = new Map([
    ["asystole", { implies: ["extreme_bradycardia"] }],
    ["extreme_bradycardia", { implies: ["bradycardia"] }],
    ["bradycardia", { implies: [] }],
    ["extreme_tachycardia", { implies: [] }],
  ]);
  const order = (...alarms: Partial<Alarm>[]) =>
    gravestFirst(
      alarms.map((some, id) => alarm({ id, ...some })),
      calls,
    ).map(({ id }) => id);

  it("have the gravest first, then the newest", () => {
    expect(
      order(
        { call: "bradycardia", priority: "medium", onset_us: 9 },
        { call: "extreme_tachycardia", onset_us: 1 },
        { call: "extreme_tachycardia", onset_us: 2 },
        { call: "extreme_tachycardia", onset_us: 8, state: "acknowledged" },
      ),
    ).toEqual([2, 1, 0, 3]);
  });

  it("have one that hides another before it, though it is older", () => {
    expect(order({ call: "extreme_bradycardia", onset_us: 2 }, { call: "asystole", onset_us: 1 })).toEqual([1, 0]);
  });

  it("have one before another that it hides by way of a third which is not there", () => {
    expect(order({ call: "bradycardia", onset_us: 2 }, { call: "asystole", onset_us: 1 })).toEqual([1, 0]);
  });

  it("stand by their time where none hides the other", () => {
    expect(order({ call: "extreme_bradycardia", onset_us: 3 }, { call: "extreme_tachycardia", onset_us: 2 })).toEqual([
      0, 1,
    ]);
    // Three of which two are bound: the hidden one is last, the free one where its time puts it.
    expect(
      order(
        { call: "extreme_bradycardia", onset_us: 3 },
        { call: "extreme_tachycardia", onset_us: 2 },
        { call: "asystole", onset_us: 1 },
      ),
    ).toEqual([1, 2, 0]);
  });

  it("stand by what they are where only one lasts or waits for an answer, whatever hides what", () => {
    expect(order({ call: "asystole", state: "latched" }, { call: "extreme_bradycardia" })).toEqual([1, 0]);
    expect(order({ call: "asystole", state: "acknowledged" }, { call: "extreme_bradycardia" })).toEqual([1, 0]);
  });

  it("stand by their time while the catalogue is not known", () => {
    const both = [alarm({ call: "extreme_bradycardia", onset_us: 2 }), alarm({ call: "asystole", onset_us: 1 })];
    expect(gravestFirst(both, new Map())).toEqual(both);
  });
});

describe("an order held under the hand", () => {
  it("does not jump, takes new patients at its end and lets gone ones go", () => {
    const held = new HeldOrder();
    held.next([1, 2, 3], 0);
    held.touched(1e6);
    expect(held.next([3, 2, 1, 4], 2e6)).toEqual([1, 2, 3, 4]);
    expect(held.next([4, 3, 1], 3e6)).toEqual([1, 3, 4]);
  });

  it("takes no press for what moved under a resting hand this moment", () => {
    const held = new HeldOrder();
    held.next([1, 2], 0);
    held.touched(0);
    held.next([2, 1], 15e6);
    expect(held.hasJustMoved(15.3e6)).toBe(true);
    held.next([2, 1], 15.4e6);
    expect(held.hasJustMoved(15.5e6)).toBe(false);
    held.next([2, 1, 3], 19e6);
    expect(held.hasJustMoved(19e6)).toBe(false);
    held.released();
    held.next([1, 2, 3], 20e6); // nobody's hand was here
    expect(held.hasJustMoved(20e6)).toBe(false);
  });

  it("moves when the hand leaves, or rests for long", () => {
    const held = new HeldOrder();
    held.next([1, 2], 0);
    held.touched(0);
    expect(held.next([2, 1], 9e6)).toEqual([1, 2]);
    expect(held.next([2, 1], 11e6)).toEqual([2, 1]);
    held.touched(12e6);
    held.released();
    expect(held.next([1, 2], 12e6)).toEqual([1, 2]);
  });
});
