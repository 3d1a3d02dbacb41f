// Which pauses hold for whom. Pure.

import type { Alarm, Pause, PauseKind, WardPatient } from "../api/types";

type Where = Pick<WardPatient, "id" | "ward">;

/** A pause of a patient, of his ward, or of all. */
export const holdsFor = (pause: Pause, { id, ward }: Where): boolean =>
  pause.patient_id === null ? pause.ward === null || pause.ward === ward : pause.patient_id === id;

const STRENGTH: Readonly<Record<PauseKind, number>> = { audio_paused: 0, alarms_paused: 1, alarms_off: 2 };

/** The strongest that holds for a patient, of equally strong ones the longest. */
export function strongest(pauses: readonly Pause[], patient: Where): Pause | null {
  return pauses
    .filter((pause) => holdsFor(pause, patient))
    .reduce<Pause | null>((most, pause) => {
      if (most === null) return pause;
      const more = STRENGTH[pause.kind] - STRENGTH[most.kind] || pause.until_us - most.until_us;
      return more > 0 ? pause : most;
    }, null);
}

/** Whether a person decided that this alarm is not to be heard now. */
export function isHeldBack(alarm: Alarm, patient: Where | null, pauses: readonly Pause[]): boolean {
  const { state, paused_us: pausedUs } = alarm;
  if (state === "silenced" || state === "paused" || (state === "latched" && pausedUs !== null)) return true;
  // The system's own alarms belong to nobody's ward: only a pause of all holds them back.
  return pauses.some((pause) =>
    patient === null ? pause.patient_id === null && pause.ward === null : holdsFor(pause, patient),
  );
}
