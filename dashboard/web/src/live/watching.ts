// Whose waves are on the screen: only they are sent.

import { signal } from "@preact/signals";

const MOST = 64;
const visible = new Map<number, number>();

/** Ids of the patients to send waves of, ascending. */
export const watched = signal<readonly number[]>([]);
let pending = false;

function settle(): void {
  pending = false;
  const next = [...visible.keys()].sort((a, b) => a - b).slice(0, MOST);
  if (next.join() !== watched.value.join()) watched.value = next;
}

function change(id: number, by: number): void {
  const count = (visible.get(id) ?? 0) + by;
  if (count > 0) visible.set(id, count);
  else visible.delete(id);
  if (!pending) {
    pending = true;
    setTimeout(settle, 100);
  }
}

/** Begin to watch; call what it returns to stop. */
export function watch(id: number): () => void {
  change(id, 1);
  return () => change(id, -1);
}
