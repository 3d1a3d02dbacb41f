// A line on the strip that is moved by hand or by the keyboard.

import { useRef } from "preact/hooks";

interface Props {
  label: string;
  /** What it stands on, in words. */
  words: string;
  isVertical: boolean;
  /** From the paper's left or top, CSS px. */
  atPx: number;
  mostPx: number;
  /** What an arrow key moves it, CSS px; with the shift key ten times that. */
  stepPx: number;
  onMove: (byPx: number) => void;
}

const BACK = new Set(["ArrowLeft", "ArrowUp"]);
const FORTH = new Set(["ArrowRight", "ArrowDown"]);

export function PaperHandle({ label, words, isVertical, atPx, mostPx, stepPx, onMove }: Props) {
  const held = useRef<number | null>(null);
  const along = (event: PointerEvent) => (isVertical ? event.clientX : event.clientY);
  return (
    <div
      class={`paper-handle ${isVertical ? "upright" : "level"}`}
      ref={(element) => element?.style.setProperty("--at", `${atPx}px`)}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-orientation={isVertical ? "horizontal" : "vertical"}
      aria-valuemin={0}
      aria-valuemax={Math.round(mostPx)}
      aria-valuenow={Math.round(atPx)}
      aria-valuetext={words}
      onKeyDown={(event) => {
        const sign = BACK.has(event.key) ? -1 : FORTH.has(event.key) ? 1 : 0;
        if (sign === 0) return;
        event.preventDefault();
        event.stopPropagation();
        onMove(sign * stepPx * (event.shiftKey ? 10 : 1));
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        held.current = along(event);
      }}
      onPointerMove={(event) => {
        if (held.current === null) return;
        onMove(along(event) - held.current);
        held.current = along(event);
      }}
      onPointerUp={() => {
        held.current = null;
      }}
      onPointerCancel={() => {
        held.current = null;
      }}
    />
  );
}
