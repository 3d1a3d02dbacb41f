// A QR code as an image that scales: dark on white whatever the theme, with the quiet zone of ISO/IEC 18004 around it.

import { useMemo } from "preact/hooks";
import encodeQR from "qr";

/** The quiet zone, modules (ISO/IEC 18004, 6.3.8). */
const QUIET = 4;

/** Return the path of the dark modules, runs of a row joined, and the side, in modules. Pure. */
export function modulesPath(rows: readonly (readonly boolean[])[]): { size: number; path: string } {
  const pieces: string[] = [];
  rows.forEach((row, y) => {
    let x = 0;
    while (x < row.length) {
      const begin = x;
      while (row[x] === true) x++;
      if (x > begin) pieces.push(`M${begin} ${y}h${x - begin}v1h-${x - begin}z`);
      else x++;
    }
  });
  return { size: rows.length, path: pieces.join("") };
}

/** The modules of a text's code, the quiet zone around them. Nothing soils a screen: fewer and larger ones. Pure. */
export const modulesOf = (text: string) => modulesPath(encodeQR(text, "raw", { ecc: "low", border: QUIET }));

export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => modulesOf(text), [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
