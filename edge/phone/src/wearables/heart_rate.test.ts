// Heart Rate Service 1.0, section 3.1: the layout of the Heart Rate Measurement.

import { expect, it } from "vitest";
import { readBattery, readHeartRate } from "./heart_rate";
import { WearableBytesError } from "./wearable";

const view = (...bytes: number[]) => new DataView(Uint8Array.from(bytes).buffer);

it.each([
  ["8 bit", view(0x00, 72), 72, 0, []],
  ["16 bit", view(0x01, 0x2c, 0x01), 300, 0, []],
  ["no contact", view(0x04, 72), 72, 1, []],
  ["contact", view(0x06, 72), 72, 2, []],
  ["contact told but not supported", view(0x02, 72), 72, 0, []],
  ["energy", view(0x08, 72, 0xff, 0xff), 72, 0, []],
  ["intervals in 1/1024 s", view(0x10, 60, 0x00, 0x04, 0x55, 0x03), 60, 0, [1000, 833]],
  ["all", view(0x1f, 60, 0, 1, 0, 0x00, 0x04), 60, 2, [1000]],
])("reads %s", (_, value, bpm, contact, rrMs) => {
  expect(readHeartRate(value)).toEqual({ kind: "heart_rate", bpm, contact, rrMs });
});

it.each([[view()], [view(0x00)], [view(0x01, 72)], [view(0x10, 60, 1)], [view(0x00, 72, 1)]])("refuses %o", (value) => {
  expect(() => readHeartRate(value)).toThrow(WearableBytesError);
});

it("reads a battery from 0 to 100", () => {
  expect(readBattery(view(100))).toEqual({ kind: "battery", percent: 100 });
  expect(() => readBattery(view(101))).toThrow(WearableBytesError);
});
