// A stretch of stored ECG with a mark in it, where something is judged.

import { useCallback } from "preact/hooks";
import type { Priority } from "../api/types";
import { useLoaded } from "../patient/loaded";
import { loadStrip, missingOf } from "../patient/strip";
import { drawStrip } from "../patient/strip_drawing";
import { zoneOfPatient } from "../ward/zones";
import { type Draw, Still } from "../wave/still";
import { clockMark } from "../words/numbers";
import { words, wordsOfError } from "../words/words";

interface Props {
  patientId: number;
  fromUs: number;
  toUs: number;
  mark: { atUs: number; priority: Priority; words: string };
  label: string;
}

export function StillStrip({ patientId, fromUs, toUs, mark, label }: Props) {
  const loaded = useLoaded(`${patientId} ${fromUs} ${toUs}`, (abort) => loadStrip(patientId, fromUs, toUs, abort));
  const { value, problem, busy } = loaded.value;
  // What was shown before belongs to another alarm: it must not stand beside this one's words.
  const stretch = value !== null && value.fromUs === fromUs && value.toUs === toUs ? value : null;
  const of = zoneOfPatient(patientId);
  const draw = useCallback<Draw>(
    (context, width, height, ratio) => {
      if (stretch === null) return;
      const pxPerS = width / ((toUs - fromUs) / 1e6);
      drawStrip(context, width, height, ratio, {
        ...stretch,
        onset: mark,
        pxPerS,
        timeWords: (tUs) => clockMark(tUs, of),
      });
    },
    [of, stretch, mark.atUs, mark.words, fromUs, toUs],
  );
  const missing = stretch === null ? 1 : missingOf(stretch);
  return (
    <div class="still-strip" data-ready={stretch !== null}>
      <Still class="strip" draw={draw} label={label} />
      {problem !== null && !busy && <p class="problem">{wordsOfError(problem)}</p>}
      {problem === null && stretch === null && <p class="nothing">{words("strip.loading")}</p>}
      {stretch !== null && missing > 0.02 && (
        <p class="nothing">{words(missing < 0.98 ? "symptoms.strip_partial" : "symptoms.strip_none")}</p>
      )}
    </div>
  );
}
