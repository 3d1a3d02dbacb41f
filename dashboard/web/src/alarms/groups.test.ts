import { describe, expect, it } from "vitest";
import type { Alarm } from "../api/types";
import { grouped, sectionOf } from "./groups";

const alarm = (some: Partial<Alarm>): Alarm =>
  ({
    state: "active",
    priority: "medium",
    family: "clinical",
    late: false,
    paused_us: null,
    onset_us: 0,
    ...some,
  }) as Alarm;
const row = (id: number, some: Partial<Alarm>) => ({ alarm: alarm({ id, ...some }), patient: null });

describe("an alarm stands", () => {
  it.each([
    [{}, "clinical"],
    [{ family: "technical" }, "technical"],
    [{ late: true, family: "technical" }, "late"],
    [{ late: true, state: "acknowledged" }, "late"],
    [{ state: "acknowledged" }, "answered"],
    [{ state: "paused" }, "paused"],
    [{ state: "latched", paused_us: 7 }, "paused"],
    [{ state: "silenced" }, "clinical"],
  ] as const)("being %j: among the %s ones", (some, section) => {
    expect(sectionOf(alarm(some))).toBe(section);
  });
});

it("500 of one cause are one line, below what is graver", () => {
  const quiet = Array.from({ length: 500 }, (_, id) =>
    row(id, { call: "gone_quiet", family: "technical", onset_us: id }),
  );
  const groups = grouped([...quiet, row(900, { call: "lead_off", family: "technical", priority: "high" })]);
  expect(groups.get("technical")?.map(({ call, rows }) => [call, rows.length])).toEqual([
    ["lead_off", 1],
    ["gone_quiet", 500],
  ]);
  expect(groups.get("technical")?.[1]?.rows[0]?.alarm.id).toBe(499); // the newest first
  expect(groups.get("clinical")).toEqual([]);
});
