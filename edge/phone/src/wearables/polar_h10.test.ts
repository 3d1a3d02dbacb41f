// "Polar Measurement Data Specification for 3rd Party".

import { expect, it } from "vitest";
import { PMD_CONTROL_POINT, polarH10, readAnswer, readEcg, saysStopped } from "./polar_h10";
import { type Gatt, type Reading, WearableBytesError, WearableError } from "./wearable";

const view = (hex: string) => new DataView(new Uint8Array(Buffer.from(hex, "hex")).buffer);

it("reads ECG: the time is that of the last sample, the values are signed microvolts of 24 bits", () => {
  // 599616000 s and 5 us after 2000; 100, -1, -2000000
  const reading = readEcg(view("008813e12dd7465208" + "00" + "640000" + "ffffff" + "807be1"));
  expect(reading.samplesUv).toEqual([100, -1, -2_000_000]);
  expect(reading.lastUs).toBe(Number(view("8813e12dd7465208").getBigUint64(0, true) / 1000n));
  expect(reading.fsHz).toBe(130);
});

it.each([
  "",
  "00",
  "00000000000000000000",
  "0000000000000000000001",
  "02000000000000000000010000",
  "00000000000000000001010000",
])("refuses %s", (hex) => {
  expect(() => readEcg(view(hex))).toThrow(WearableBytesError);
});

it("reads answers and that the sensor has stopped", () => {
  expect(readAnswer(view("f001000000000182000101" + "0e00"))).toEqual({ command: 1, measurement: 0, status: 0 });
  expect(readAnswer(view("0f0d0000"))).toBeNull();
  expect(saysStopped(view("0100"))).toBe(true);
  expect(saysStopped(view("0102"))).toBe(false);
  expect(saysStopped(view("f0010000"))).toBe(false);
});

function sensor(statuses: Record<number, number[]>, told: number[]): Gatt {
  let control: (value: DataView) => void = () => undefined;
  return {
    has: async (service) => service.startsWith("fb005c80"),
    read: async () => view("0f0500"),
    subscribe: async (_, characteristic, hear) => {
      if (characteristic === PMD_CONTROL_POINT) control = hear;
    },
    write: async (_, __, value) => {
      const command = value[0] ?? 0;
      told.push(command);
      const status = statuses[command]?.shift() ?? 0;
      control(new DataView(Uint8Array.of(0xf0, command, 0, status).buffer));
    },
  };
}

const hear = (_: Reading) => undefined;

it("asks for settings and starts; what a broken connection left over is stopped first", async () => {
  const told: number[] = [];
  await expect(polarH10.begin(sensor({ 2: [6, 0] }, told), hear)).rejects.toThrow("Heart Rate Service");
  expect(told).toEqual([1, 2, 3, 2]);
});

it("says when the sensor refuses", async () => {
  await expect(polarH10.begin(sensor({ 2: [3] }, []), hear)).rejects.toThrow(WearableError);
});
