// Heart rate, freshness, signal quality and battery of a patient, in words and numbers that never look fresher than they are.

import type { Quality, WardPatient } from "../api/types";
import { isLive } from "../live/connection";
import { tickUs } from "../live/server_clock";
import { type Freshness, freshness, isAnalysed, isStoring } from "../ward/freshness";
import { systemAlarms } from "../ward/ward";
import { bpm, percent, span } from "../words/numbers";
import { words } from "../words/words";
import { BatteryIcon, HeartIcon } from "./icons";

/** Null unless the number is of now. */
export function heartRateNow(patient: WardPatient, nowUs: number): number | null {
  const kind = freshness(patient, nowUs).kind;
  return isLive.value && (kind === "fresh" || kind === "late") && isAnalysed(patient, nowUs) ? patient.hr_bpm : null;
}

export function HeartRate({ patient }: { patient: WardPatient }) {
  const value = heartRateNow(patient, tickUs.value);
  const said = value === null ? words("hr.none") : words("hr.value", { bpm: Math.round(value) });
  return (
    <div class="hr" data-none={value === null}>
      <span class="visually-hidden">{said}</span>
      <span class="hr-unit" aria-hidden="true">
        <HeartIcon /> {words("hr.unit")}
      </span>
      <span class="hr-value" aria-hidden="true">
        {bpm(value)}
      </span>
    </div>
  );
}

function freshnessWords(state: Freshness): string {
  if (state.kind === "never") return words("freshness.never");
  if (state.kind === "quiet") {
    return words(isStoring(systemAlarms.value) ? "freshness.quiet" : "freshness.unstored", { span: span(state.ageS) });
  }
  return words("freshness.last", { span: span(Math.ceil(state.ageS)) });
}

/** "Last sample 1 s ago", counting. */
export function FreshnessLine({ patient }: { patient: WardPatient }) {
  if (!isLive.value) {
    return (
      <span class="freshness" data-kind="lost">
        {words("live.not_live")}
      </span>
    );
  }
  const state = freshness(patient, tickUs.value);
  return (
    <span class="freshness" data-kind={state.kind}>
      {freshnessWords(state)}
    </span>
  );
}

/** Said loudly over the wave: silence is not health. */
export function NoSignal({ patient }: { patient: WardPatient }) {
  if (!isLive.value) return <p class="no-signal">{words("live.not_live")}</p>;
  const state = freshness(patient, tickUs.value);
  return state.kind === "quiet" || state.kind === "never" ? <p class="no-signal">{freshnessWords(state)}</p> : null;
}

const BAD: ReadonlySet<Quality> = new Set(["noise", "flat", "railed", "lead_off"]);
export const isBad = (quality: Quality): boolean => BAD.has(quality);

/** What is wrong with the signal; nothing while it is good. */
export function QualityWords({ patient }: { patient: WardPatient }) {
  const { kind } = freshness(patient, tickUs.value);
  if (!isBad(patient.quality) || kind === "quiet" || kind === "never") return null;
  return <span class="quality">{words(`quality.${patient.quality}`)}</span>;
}

export function Battery({ percent: level }: { percent: number | null }) {
  if (level === null) return null;
  return (
    <span
      class="battery"
      data-low={level <= 20}
      role="img"
      aria-label={words("battery.label", { level: percent(level) })}
    >
      <BatteryIcon percent={level} />
      <span aria-hidden="true">{percent(level)}</span>
    </span>
  );
}
