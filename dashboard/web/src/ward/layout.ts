// How many tiles stand side by side: all on one screen where that leaves each one readable. Pure.

import type { Density } from "./view";

interface Least {
  width: number;
  height: number;
}

/** Below this a tile cannot be read, CSS px. */
const LEAST: Readonly<Record<Density, Least>> = {
  comfortable: { width: 300, height: 160 },
  auto: { width: 140, height: 72 },
  compact: { width: 140, height: 72 },
  wall: { width: 140, height: 72 },
};
/** Size of a tile where the page scrolls, and the most that a tile grows to. */
const SCROLLED: Readonly<Record<Density, Least>> = {
  comfortable: { width: 320, height: 178 },
  auto: { width: 320, height: 178 },
  compact: { width: 168, height: 96 },
  wall: { width: 320, height: 178 },
};
const MOST_HEIGHT = 350;
const WALL_MOST_HEIGHT = 560;
const BEST_RATIO = 2.1;
/** On less than this a person scrolls anyway: a tile is then as large as one can read at arm's length. */
const PHONE_WIDTH = 700;

export interface Layout {
  columns: number;
  rowPx: number;
  /** Everything is on the screen. */
  fits: boolean;
}

/** Choose columns and height of a row for `count` tiles in `width` x `height` with `gap` between them, CSS px. */
export function layOut(count: number, width: number, height: number, gap: number, density: Density = "auto"): Layout {
  const least = density === "auto" && width < PHONE_WIDTH ? LEAST.comfortable : LEAST[density];
  const most = density === "wall" ? WALL_MOST_HEIGHT : MOST_HEIGHT;
  let best: Layout | null = null;
  let bestSize = 0;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const tileWidth = (width - gap * (columns - 1)) / columns;
    const tileHeight = (height - gap * (rows - 1)) / rows;
    if (tileWidth < least.width || tileHeight < least.height) continue;
    const size = Math.min(tileWidth / BEST_RATIO, tileHeight, most);
    if (size <= bestSize) continue;
    bestSize = size;
    best = { columns, rowPx: Math.floor(Math.min(tileHeight, most)), fits: true };
  }
  if (best) return best;
  const scrolled = SCROLLED[density];
  const columns = Math.max(1, Math.floor((width + gap) / (scrolled.width + gap)));
  return { columns, rowPx: scrolled.height, fits: false };
}
