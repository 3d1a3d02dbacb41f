// The ECG around a press, small, where the symptom is told. Loaded when it comes into sight.

import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";
import type { Symptom } from "../api/schema";
import { tickUs } from "../live/server_clock";
import { type Draw, Still } from "../wave/still";
import { clockMark, dayAndTime } from "../words/numbers";
import { words, wordsOfError } from "../words/words";
import { AROUND_US, mayArrive } from "./around_press";
import { type Loaded, useLoaded } from "./loaded";
import { loadStrip, missingOf, type Stretch } from "./strip";
import { drawStrip } from "./strip_drawing";

/** It is looked for again every so often, microseconds. */
const AGAIN_US = 5e6;

export function SymptomStrip({ patientId, symptom }: { patientId: number; symptom: Symptom }) {
  const frame = useRef<HTMLDivElement>(null);
  const isSeen = useSignal(false);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        isSeen.value = true;
        observer.disconnect();
      }
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [isSeen]);
  return (
    <div ref={frame} class="symptom-strip">
      {isSeen.value && <Around patientId={patientId} symptom={symptom} />}
    </div>
  );
}

function Around({ patientId, symptom }: { patientId: number; symptom: Symptom }) {
  const atUs = symptom.pressed_us;
  const [fromUs, toUs] = [atUs - AROUND_US, atUs + AROUND_US];
  const isWhole = useSignal(false);
  const nowUs = tickUs.value;
  const awaits = !isWhole.value && mayArrive(symptom, nowUs);
  const again = awaits ? Math.floor(nowUs / AGAIN_US) : 0;
  const loaded = useLoaded(`${patientId} ${atUs} ${again}`, (abort) => loadStrip(patientId, fromUs, toUs, abort));
  const stretch = loaded.value.value;
  const missing = stretch === null ? 1 : missingOf(stretch);
  useEffect(() => {
    isWhole.value = missing < 0.02;
  }, [missing, isWhole]);
  const draw = useCallback<Draw>(
    (context, width, height, ratio) => {
      if (stretch === null) return;
      const onset = { atUs, priority: "medium", words: words("symptoms.press") } as const;
      const pxPerS = width / ((toUs - fromUs) / 1e6);
      drawStrip(context, width, height, ratio, { ...stretch, onset, pxPerS, timeWords: clockMark });
    },
    [stretch, atUs, fromUs, toUs],
  );
  const said = saidOf(loaded.value, missing, awaits);
  return (
    <>
      {missing < 0.98 && (
        <Still class="strip" draw={draw} label={words("symptoms.strip", { time: dayAndTime(atUs) })} />
      )}
      {said !== null && <p class="nothing">{said}</p>}
    </>
  );
}

/** What the strip cannot show. */
function saidOf({ value, problem }: Loaded<Stretch>, missing: number, awaits: boolean): string | null {
  if (problem !== null) return wordsOfError(problem);
  if (value === null) return words("strip.loading");
  if (missing < 0.02) return null;
  if (awaits) return words("symptoms.strip_arrives");
  return words(missing < 0.98 ? "symptoms.strip_partial" : "symptoms.strip_none");
}
