// How many tiles stand side by side: all on one screen where that leaves each one readable. Pure.

/** Below this a tile cannot be read, CSS px. */
const LEAST_WIDTH = 210;
const LEAST_HEIGHT = 104;
/** Size of a tile where the page scrolls, and the most that a tile grows to. */
const SCROLLED_WIDTH = 320;
const SCROLLED_HEIGHT = 178;
const MOST_HEIGHT = 350;
const BEST_RATIO = 2.1;

export interface Layout {
  columns: number;
  rowPx: number;
  /** Everything is on the screen. */
  fits: boolean;
}

/** Choose columns and height of a row for `count` tiles in `width` x `height` with `gap` between them, CSS px. */
export function layOut(count: number, width: number, height: number, gap: number): Layout {
  let best: Layout | null = null;
  let bestSize = 0;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const tileWidth = (width - gap * (columns - 1)) / columns;
    const tileHeight = (height - gap * (rows - 1)) / rows;
    if (tileWidth < LEAST_WIDTH || tileHeight < LEAST_HEIGHT) continue;
    const size = Math.min(tileWidth / BEST_RATIO, tileHeight, MOST_HEIGHT);
    if (size <= bestSize) continue;
    bestSize = size;
    best = { columns, rowPx: Math.floor(Math.min(tileHeight, MOST_HEIGHT)), fits: true };
  }
  // A phone scrolls rather than showing stamps.
  if (best && (bestSize >= SCROLLED_HEIGHT * 0.9 || width >= 3 * SCROLLED_WIDTH)) return best;
  const columns = Math.max(1, Math.floor((width + gap) / (SCROLLED_WIDTH + gap)));
  return { columns, rowPx: SCROLLED_HEIGHT, fits: false };
}
