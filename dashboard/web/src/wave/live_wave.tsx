// The live wave of a patient with its 1 mV mark.

import { effect, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isLive } from "../live/connection";
import { watch } from "../live/watching";
import { theme } from "../theme";
import { words } from "../words/words";
import { leadOf } from "./leads";
import { paintOn } from "./paint_loop";
import type { Gain } from "./scale";
import { Sweep } from "./sweep";

interface Props {
  patientId: number;
  name: string;
  /** Height kept for the beats' marks, CSS px; none are drawn without it. */
  beatsPx?: number;
}

export function LiveWave({ patientId, name, beatsPx = 0 }: Props) {
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const gain = useSignal<Gain>(10);

  useEffect(() => {
    const canvas = canvasRef.current;
    if (canvas === null) return undefined;
    const sweep = new Sweep(canvas, {
      lead: () => leadOf(patientId),
      isRunning: () => isLive.value,
      beatsPx,
      onGain: (chosen) => {
        gain.value = chosen;
      },
    });
    let stopWatching = () => {};
    const stopPainting = paintOn(canvas, sweep, (visible) => {
      stopWatching();
      stopWatching = visible ? watch(patientId) : () => {};
    });
    const stopFollowing = effect(() => {
      theme.value;
      sweep.repaint();
    });
    return () => {
      stopFollowing();
      stopPainting();
      stopWatching();
    };
  }, [patientId, beatsPx, gain]);

  return (
    <div class="wave">
      <Calibration gain={gain.value} />
      <canvas ref={canvasRef} role="img" aria-label={words("wave.label", { name })} />
    </div>
  );
}

/** As high as 1 mV of the wave beside it. */
export function Calibration({ gain }: { gain: Gain }) {
  return (
    <div class="calibration" data-gain={gain} title={words("wave.calibration", { gain })}>
      <span class="calibration-pulse" />
      <span class="calibration-words">{words("wave.millivolt")}</span>
    </div>
  );
}
