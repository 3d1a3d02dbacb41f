import { describe, expect, it } from "vitest";
import type { CodeState, PairingCode } from "../api/schema";
import { isRenewed, stageOf } from "./code";
import { modulesOf, modulesPath } from "./qr";

const code: PairingCode = { id: 7, code: "ABCD-EFGH", expires_us: 600e6, url: "https://ward/phone/?code=ABCDEFGH" };
const state = (over: Partial<CodeState>): CodeState => ({
  id: 7,
  patient_id: 1,
  state: "waiting",
  expires_us: 600e6,
  device: null,
  description: null,
  received_us: null,
  ...over,
});

describe("a pairing", () => {
  it.each([
    ["making", null, null],
    ["waiting", code, null],
    ["waiting", code, state({})],
    ["waiting", code, state({ id: 6, state: "expired" })],
    ["expired", code, state({ state: "expired" })],
    ["replaced", code, state({ state: "expired", expires_us: 599e6 })],
    ["paired", code, state({ state: "used" })],
    ["receiving", code, state({ state: "used", received_us: 5e6 })],
  ] as const)("is %s", (stage, shown, heard) => {
    expect(stageOf({ code: shown, state: heard, problem: null })).toBe(stage);
  });

  it("is renewed by itself only while somebody looks, and not for ever", () => {
    expect(isRenewed(0, true)).toBe(true);
    expect(isRenewed(0, false)).toBe(false);
    expect(isRenewed(6, true)).toBe(false);
  });
});

describe("a QR code's path", () => {
  it("draws each dark module once", () => {
    expect(
      modulesPath([
        [true, false],
        [true, true],
      ]),
    ).toEqual({ size: 2, path: "M0 0h1v1h-1zM0 1h2v1h-2z" });
  });

  it("of an address begins with a finder pattern, four modules from the edge", () => {
    const { size, path } = modulesOf(code.url);
    expect((size - 8 - 17) % 4).toBe(0);
    expect(path).toMatch(/^M4 4h7v1h-7z/);
  });
});
