import { describe, expect, it } from "vitest";
import { actOf, alikeOf, type Waiting, without } from "./review";

const alarm = (alarm_id: number, group: number) => ({ alarm_id, group }) as Waiting;
const QUEUE = [alarm(1, 1), alarm(2, 1), alarm(3, 3), alarm(4, 4), alarm(5, 4)];
const ids = (alarms: readonly Waiting[]) => alarms.map(({ alarm_id }) => alarm_id);
const press = (key: string, more: Partial<KeyboardEvent> = {}) =>
  actOf({ key, code: "", shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });

describe("the review queue", () => {
  it("knows what is alike", () => {
    expect(ids(alikeOf(QUEUE, 1))).toEqual([1, 2]);
    expect(ids(alikeOf(QUEUE, 2))).toEqual([3]);
    expect(alikeOf([], 0)).toEqual([]);
  });

  it("goes on with what came after what was judged", () => {
    expect(without(QUEUE, 2, [alarm(3, 3)])).toEqual({ waiting: [QUEUE[0], QUEUE[1], QUEUE[3], QUEUE[4]], place: 2 });
    expect(without(QUEUE, 1, alikeOf(QUEUE, 1))).toMatchObject({ place: 0 });
    expect(without(QUEUE, 4, alikeOf(QUEUE, 4))).toMatchObject({ place: 2 });
    expect(without([alarm(1, 1)], 0, [alarm(1, 1)])).toEqual({ waiting: [], place: 0 });
  });

  it("is judged by single keys, for all that are alike with the shift key on any keyboard", () => {
    expect(press("1")).toEqual({ kind: "judge", verdict: "true", alike: false });
    expect(press("2")).toEqual({ kind: "judge", verdict: "false", alike: false });
    expect(press("@", { code: "Digit2", shiftKey: true })).toEqual({ kind: "judge", verdict: "false", alike: true });
    expect(press("j")).toEqual({ kind: "move", by: 1 });
    expect(press("ArrowUp")).toEqual({ kind: "move", by: -1 });
    expect(press("u")).toEqual({ kind: "undo" });
    expect(press("1", { ctrlKey: true })).toBeNull();
    expect(press("x")).toBeNull();
  });
});
