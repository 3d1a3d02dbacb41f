// A canvas that changes only with its data, its size or the theme or zone, beside those that move.

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../theme";
import { zone } from "../words/zone";
import { Sheet } from "./sheet";

/** Draw everything on a context scaled to CSS px. */
export type Draw = (context: CanvasRenderingContext2D, width: number, height: number, ratio: number) => void;

interface Props {
  draw: Draw;
  class: string;
  label?: string;
}

export function Still({ draw, class: name, label }: Props) {
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const drawRef = useRef(draw);
  const stale = useRef(true);
  if (drawRef.current !== draw) stale.current = true;
  drawRef.current = draw;

  useEffect(() => {
    const canvas = canvasRef.current;
    if (canvas === null) return undefined;
    const sheet = new Sheet();
    sheet.isOn(canvas);
    let size: [number, number] = [1, 1];
    const stop = sheet.paintOn(canvas, {
      resize: (...now) => {
        size = now;
        stale.current = true;
      },
      paint: (context, _nowUs, ratio) => {
        if (!stale.current) return;
        stale.current = false;
        const [width, height] = size;
        context.clearRect(0, 0, width, height);
        drawRef.current(context, width, height, ratio);
      },
    });
    const stopFollowing = effect(() => {
      theme.value;
      zone.value;
      stale.current = true;
    });
    return () => {
      stopFollowing();
      stop();
    };
  }, []);

  // Without words of its own it is an ornament.
  return <canvas ref={canvasRef} class={name} role="img" aria-label={label} aria-hidden={label === undefined} />;
}
