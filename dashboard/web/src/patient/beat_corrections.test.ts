import { describe, expect, it } from "vitest";
import type { BeatCorrection } from "../api/types";
import { markOf, shownBeats } from "./beat_corrections";

const correction = (t_us: number, kind: BeatCorrection["kind"], label: string | null): BeatCorrection => ({
  id: t_us,
  t_us,
  kind,
  label,
  name: "Nora Nurse",
  at_us: 1,
});

describe("the beats that are shown", () => {
  it("are the engine's, with what people said of them, in the order of time", () => {
    const shown = shownBeats({
      t_us: [100, 200, 300],
      rr_s: [null, 1, 1],
      label: "NVV",
      corrections: [
        correction(200, "relabelled", "S"),
        correction(300, "deleted", null),
        correction(150, "added", "V"),
      ],
    });
    expect(shown.map((beat) => [beat.tUs, markOf(beat), beat.found])).toEqual([
      [100, "N", "N"],
      [150, "V*", null],
      [200, "S*", "V"],
      [300, "×", "V"],
    ]);
  });

  it("count one once that a person added and the engine has, too", () => {
    const corrections = [correction(100, "added", "V")];
    const shown = shownBeats({ t_us: [100], rr_s: [null], label: "N", corrections });
    expect(shown.map((beat) => [beat.label, beat.found])).toEqual([["V", "N"]]);
  });

  it("leave out corrections of beats that are not there any more", () => {
    const corrections = [correction(5, "relabelled", "S"), correction(6, "deleted", null)];
    expect(shownBeats({ t_us: [], rr_s: [], label: "", corrections })).toEqual([]);
  });
});
