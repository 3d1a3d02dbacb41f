import { describe, expect, it } from "vitest";
import { OutlineError, readOutline } from "./outline";

/** As tests/unit/dashboard/test_records.py has it. */
function sample(): ArrayBuffer {
  const bytes = new ArrayBuffer(32 + 6 + 12);
  const view = new DataView(bytes);
  view.setUint8(0, 4);
  view.setUint8(1, 1);
  view.setUint16(2, 5, true);
  view.setUint32(4, 3, true);
  view.setFloat64(8, 1_790_000_000_500_000, true);
  view.setFloat64(16, 500_000, true);
  view.setFloat32(24, 2 / 32_767, true);
  new Uint8Array(bytes, 32).set([..."V\nII\n"].map((letter) => letter.charCodeAt(0)));
  [-8192, -32_768, 16_384, 4096, -32_768, 32_767].forEach((unit, i) => {
    view.setInt16(38 + 2 * i, unit, true);
  });
  return bytes;
}

describe("an outline", () => {
  it("is read as the server writes it", () => {
    const { fromUs, bucketUs, leads, lowMv, highMv } = readOutline(sample());
    expect([fromUs, bucketUs, leads]).toEqual([1_790_000_000_500_000, 500_000, ["V", "II"]]);
    expect([...lowMv].map((mv) => Math.round(mv * 100) / 100)).toEqual([-0.5, Number.NaN, 1]);
    expect([...highMv].map((mv) => Math.round(mv * 100) / 100)).toEqual([0.25, Number.NaN, 2]);
  });

  it.each([
    ["cut short", (bytes: ArrayBuffer) => bytes.slice(0, -1)],
    ["shorter than its head", (bytes: ArrayBuffer) => bytes.slice(0, 20)],
    [
      "of another type",
      (bytes: ArrayBuffer) => {
        new Uint8Array(bytes)[0] = 2;
        return bytes;
      },
    ],
  ])("that is %s is refused", (_, spoil) => {
    expect(() => readOutline(spoil(sample()))).toThrow(OutlineError);
  });
});
