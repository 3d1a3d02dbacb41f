// Calipers on the strip: two times and two heights, what lies between them, and the interval marched out.

import type { Signal } from "@preact/signals";
import { MS_DIGITS, PX_PER_MM, PX_PER_S } from "../wave/scale";
import { decimal } from "../words/numbers";
import { words } from "../words/words";
import { type Calipers, intervalS, type Leg, marks, moved, ratePerMinute } from "./calipers";
import { PaperHandle } from "./paper_handle";

interface Props {
  calipers: Signal<Calipers | null>;
  stripS: number;
  heightPx: number;
}

export function CalipersLayer({ calipers, stripS, heightPx }: Props) {
  const now = calipers.value;
  if (now === null) return null;
  const move = (leg: Leg, by: number) => {
    calipers.value = moved(calipers.peek() ?? now, leg, by, stripS);
  };
  const seconds = (value: number) => words("calipers.at", { ms: decimal(value * 1000, MS_DIGITS) });
  return (
    <>
      {marks(now, stripS).map((atS) => (
        <div
          key={atS}
          class="paper-mark"
          ref={(element) => element?.style.setProperty("--at", `${atS * PX_PER_S}px`)}
        />
      ))}
      {(["aS", "bS"] as const).map((leg) => (
        <PaperHandle
          key={leg}
          label={words(leg === "aS" ? "calipers.first" : "calipers.second")}
          words={seconds(now[leg])}
          isVertical
          atPx={now[leg] * PX_PER_S}
          mostPx={stripS * PX_PER_S}
          stepPx={0.004 * PX_PER_S}
          onMove={(px) => move(leg, px / PX_PER_S)}
        />
      ))}
      {(["topShare", "bottomShare"] as const).map((leg) => (
        <PaperHandle
          key={leg}
          label={words(leg === "topShare" ? "calipers.upper" : "calipers.lower")}
          words={words("calipers.height", { mm: decimal(((1 - now[leg]) * heightPx) / PX_PER_MM) })}
          isVertical={false}
          atPx={now[leg] * heightPx}
          mostPx={heightPx}
          stepPx={PX_PER_MM / 4}
          onMove={(px) => move(leg, px / heightPx)}
        />
      ))}
    </>
  );
}

interface ReadoutProps {
  calipers: Signal<Calipers | null>;
  heightPx: number;
  /** mm/mV. */
  gain: number;
}

/** "800 ms · 75 /min · 0.6 mV" */
export function CalipersReadout({ calipers, heightPx, gain }: ReadoutProps) {
  const now = calipers.value;
  if (now === null) return null;
  const mv = (Math.abs(now.bottomShare - now.topShare) * heightPx) / PX_PER_MM / gain;
  const rate = ratePerMinute(now);
  const said = [
    words("calipers.interval", { ms: decimal(intervalS(now) * 1000, MS_DIGITS) }),
    ...(rate === null ? [] : [words("quantity.per_minute", { value: decimal(rate, 0) })]),
    words("calipers.amplitude", { mv: decimal(mv, 2) }),
  ];
  return (
    <output class="calipers-readout" aria-live="polite">
      {said.join(" · ")}
    </output>
  );
}
