// ECG paper: a line every millimetre, a stronger one every five.

import { PX_PER_MM } from "./scale";

/** Rule `context` (scaled to CSS px) with millimetre paper. */
export function rulePaper(context: CanvasRenderingContext2D, width: number, height: number, ratio: number): void {
  const style = getComputedStyle(context.canvas);
  const fine = style.getPropertyValue("--paper-fine");
  const bold = style.getPropertyValue("--paper-bold");
  for (const [colour, every] of [
    [fine, 1],
    [bold, 5],
  ] as const) {
    context.fillStyle = colour;
    // On whole device pixels: lines of equal weight at any zoom.
    for (let mm = 0; mm * PX_PER_MM <= width; mm += every) {
      context.fillRect(snap(mm * PX_PER_MM, ratio), 0, 1 / ratio, height);
    }
    for (let mm = 0; mm * PX_PER_MM <= height; mm += every) {
      context.fillRect(0, snap(mm * PX_PER_MM, ratio), width, 1 / ratio);
    }
  }
}

const snap = (px: number, ratio: number) => Math.floor(px * ratio) / ratio;
