// The beats of a stretch as they are shown: the engine's, with what people said of them. Pure.

import type { BeatCorrection, Beats } from "../api/types";

export interface ShownBeat {
  tUs: number;
  /** As it counts; null: a person said that it is none. */
  label: string | null;
  /** The engine's; null where it found none. */
  found: string | null;
  correction: BeatCorrection | null;
}

export const LABELS = ["N", "S", "V", "F", "Q"] as const;

export function shownBeats(beats: Beats): ShownBeat[] {
  const said = new Map(beats.corrections.map((correction) => [correction.t_us, correction]));
  const shown = beats.t_us.map((tUs, i): ShownBeat => {
    const found = beats.label[i] ?? "?";
    const correction = said.get(tUs) ?? null;
    return { tUs, found, correction, label: correction === null ? found : correction.label };
  });
  const known = new Set(beats.t_us);
  for (const correction of beats.corrections) {
    if (known.has(correction.t_us) || correction.kind !== "added") continue;
    shown.push({ tUs: correction.t_us, label: correction.label, found: null, correction });
  }
  return shown.sort((a, b) => a.tUs - b.tUs);
}

/** What is written over a beat: a star says that a person did, a cross that it is none. */
export const markOf = ({ label, correction }: ShownBeat): string =>
  label === null ? "×" : correction === null ? label : `${label}*`;
