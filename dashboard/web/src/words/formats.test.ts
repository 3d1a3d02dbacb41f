import { describe, expect, it, vi } from "vitest";
import { dateFormat, numberFormat, pluralRules } from "./formats";

describe("formatters", () => {
  it("are made once for a language and its options", () => {
    const made = vi.spyOn(Intl, "NumberFormat");
    const first = numberFormat("it", { maximumFractionDigits: 1 });
    expect(numberFormat("it", { maximumFractionDigits: 1 })).toBe(first);
    expect(made).toHaveBeenCalledTimes(1);
    made.mockRestore();
  });

  it("are another for another language or other options", () => {
    expect(numberFormat("de").format(1.5)).toBe("1,5");
    expect(numberFormat("en").format(1.5)).toBe("1.5");
    expect(numberFormat("en", { style: "percent" }).format(0.5)).toBe("50%");
    expect(pluralRules("en").select(1)).toBe("one");
    const noon = new Date(Date.UTC(2026, 0, 1, 12));
    const options = { hour: "2-digit", hourCycle: "h23" } as const;
    expect(dateFormat("en-GB", { ...options, timeZone: "UTC" }).format(noon)).toBe("12");
    expect(dateFormat("en-GB", { ...options, timeZone: "Asia/Tokyo" }).format(noon)).toBe("21");
  });
});
