import { expect, it } from "vitest";
import { type DeviceNews, deviceState, lastHeardUs } from "./device_state";

const NOW_US = 1000e6;
const news = (over: Partial<DeviceNews>): DeviceNews => ({
  revoked_us: null,
  online: null,
  heard_us: null,
  signal_us: null,
  ...over,
});

it.each([
  ["new", {}],
  ["unsaid", { signal_us: 999e6 }],
  ["unsaid", { signal_us: 999e6, heard_us: 999e6 }],
  ["connected", { signal_us: 999e6, heard_us: 10e6, online: true }],
  ["connected", { signal_us: 999e6, heard_us: 10e6, online: false }],
  ["silent", { signal_us: 900e6, heard_us: 999e6, online: true }],
  ["silent", { heard_us: 999e6, online: true }],
  ["quiet", { signal_us: 900e6, heard_us: 990e6, online: false }],
  ["quiet", { signal_us: 900e6 }],
  ["quiet", { heard_us: 900e6 }],
  ["revoked", { revoked_us: 1, signal_us: 999e6, online: true }],
] as const)("a device is %s with %j", (state, over) => {
  expect(deviceState(news(over), NOW_US)).toBe(state);
});

it("was last heard when its signal or anything else of it came", () => {
  expect(lastHeardUs(news({}))).toBe(null);
  expect(lastHeardUs(news({ heard_us: 5 }))).toBe(5);
  expect(lastHeardUs(news({ heard_us: 5, signal_us: 7 }))).toBe(7);
});
