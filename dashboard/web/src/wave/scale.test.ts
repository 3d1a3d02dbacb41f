import { describe, expect, it } from "vitest";
import { extent, fitLead, PX_PER_MM, PX_PER_S } from "./scale";

const mm = (value: number) => value * PX_PER_MM;

describe("the scale of a lead", () => {
  it("is 25 mm/s in CSS millimetres", () => {
    expect(PX_PER_S).toBeCloseTo((25 * 96) / 25.4);
  });

  it("is 10 mm/mV where that fits", () => {
    expect(fitLead(-0.5, 1.5, mm(21), null)).toEqual({ gain: 10, centreMv: 0.5 });
  });

  it("is halved where it does not, and doubled where hardly anything would be seen", () => {
    expect(fitLead(-1, 3, mm(21), null).gain).toBe(5);
    expect(fitLead(-0.1, 0.2, mm(21), null).gain).toBe(20);
  });

  it("stays while the wave fits, so that baseline and scale do not jump", () => {
    const before = fitLead(-0.5, 1.5, mm(30), null);
    expect(fitLead(-0.4, 1.2, mm(30), before)).toBe(before);
    expect(fitLead(-0.5, 2.2, mm(30), before)).not.toBe(before);
  });

  it("never magnifies a lead that falls silent", () => {
    const before = fitLead(-0.5, 1.5, mm(30), null);
    expect(fitLead(-0.05, 0.05, mm(30), before).gain).toBe(10);
  });

  it("goes back to 10 only with room to spare", () => {
    const half = fitLead(-1, 3, mm(30), null);
    expect(half.gain).toBe(5);
    expect(fitLead(-1, 1.8, mm(30), half).gain).toBe(5);
    expect(fitLead(-1, 1.2, mm(30), half).gain).toBe(10);
  });
});

describe("the extent of samples", () => {
  const samples = [Number.NaN, 3, -2, Number.NaN];
  it("leaves out what is missing", () => {
    expect(extent((i) => samples[i] ?? Number.NaN, 0, 3)).toEqual([-2, 3]);
    expect(extent((i) => samples[i] ?? Number.NaN, 0, 0)).toBeNull();
  });
});
