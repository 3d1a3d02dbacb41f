// The line of the heart, as it moves: drawn straight from what arrived, never where nothing did.

import { useEffect, useRef } from "preact/hooks";
import { clock } from "../clock";
import { lead } from "../runtime";
import { words } from "../words/words";

const SHOWN_S = 4;
/** Packets come every half second or so: the pen runs so far behind. */
const BEHIND_US = 1_200_000;
/** The least height that is shown, mV: a silent lead must not be magnified into something. */
const RANGE_MV = 1.5;

/** Draw a lead between two times, fitted to the canvas; `at` is NaN where there is nothing. */
export function drawLine(
  canvas: HTMLCanvasElement,
  at: (tUs: number) => number,
  fromUs: number,
  toUs: number,
  fsHz: number,
): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const n = Math.round(((toUs - fromUs) / 1e6) * fsHz);
  const values = Array.from({ length: n }, (_, i) => at(fromUs + (i * 1e6) / fsHz));
  const known = values.filter((mv) => !Number.isNaN(mv));
  if (known.length === 0) return;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const scale = (height - 12) / Math.max(RANGE_MV, high - low);
  const middle = (low + high) / 2;
  context.strokeStyle = getComputedStyle(canvas).color;
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.beginPath();
  let isDown = false;
  values.forEach((mv, i) => {
    if (Number.isNaN(mv)) {
      isDown = false;
      return;
    }
    const x = (i / n) * width;
    const y = height / 2 - (mv - middle) * scale;
    if (isDown) context.lineTo(x, y);
    else context.moveTo(x, y);
    isDown = true;
  });
  context.stroke();
}

export function LiveLine() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = requestAnimationFrame(draw);
      if (canvas.current === null) return;
      const toUs = clock.nowUs() - BEHIND_US;
      drawLine(canvas.current, (tUs) => lead.at(tUs), toUs - SHOWN_S * 1e6, toUs, lead.fsHz);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, []);
  return <canvas ref={canvas} class="line" role="img" aria-label={words("now.line")} />;
}
