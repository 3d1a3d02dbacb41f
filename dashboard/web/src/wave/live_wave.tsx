// The live wave of a patient with its 1 mV mark.

import { effect, useSignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";
import { isLive } from "../live/connection";
import { watch } from "../live/watching";
import { theme } from "../theme";
import { words } from "../words/words";
import { leadOf } from "./leads";
import type { Gain } from "./scale";
import { Sheet } from "./sheet";
import { Sweep } from "./sweep";

/** The sheet that the waves below are painted on; without one, each has its own. */
export const SharedSheet = createContext<Sheet | null>(null);

interface Props {
  patientId: number;
  name: string;
  /** Height kept for the beats' marks, CSS px; none are drawn without it. */
  beatsPx?: number;
}

export function LiveWave({ patientId, name, beatsPx = 0 }: Props) {
  const lead = useRef<HTMLDivElement>(null);
  const shared = useContext(SharedSheet);
  const { current: own } = useRef(new Sheet());
  const sheet = shared ?? own;
  const gain = useSignal<Gain>(10);

  useEffect(() => {
    const element = lead.current;
    if (element === null) return undefined;
    const sweep = new Sweep(element, {
      lead: () => leadOf(patientId),
      isRunning: () => isLive.value,
      beatsPx,
      onGain: (chosen) => {
        gain.value = chosen;
      },
    });
    let stopWatching = () => {};
    const stopPainting = sheet.paintOn(element, sweep, (visible) => {
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
  }, [patientId, beatsPx, gain, sheet]);

  return (
    <div class="wave">
      <Calibration gain={gain.value} />
      <div ref={lead} class="lead" role="img" aria-label={words("wave.label", { name })}>
        {shared === null && <canvas ref={own.isOn} class="sheet" />}
      </div>
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
