// Loading for a page: what was asked last counts, and what failed can be asked again.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { serverNowUs } from "../live/server_clock";

export interface Loaded<T> {
  value: T | null;
  problem: unknown;
  busy: boolean;
  /** When the value came, by the server's clock: what it says is judged by this. */
  atUs: number;
}

/** Load whenever `key` changes; an older answer never overwrites a newer. What was there stays until the new is. */
export function useLoaded<T>(key: string, load: (abort: AbortSignal) => Promise<T>): Signal<Loaded<T>> {
  const loaded = useSignal<Loaded<T>>({ value: null, problem: null, busy: true, atUs: 0 });
  useEffect(() => {
    const abort = new AbortController();
    loaded.value = { ...loaded.peek(), busy: true };
    load(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) loaded.value = { value, problem: null, busy: false, atUs: serverNowUs() };
      },
      (problem: unknown) => {
        if (!abort.signal.aborted) loaded.value = { ...loaded.peek(), problem, busy: false };
      },
    );
    return () => abort.abort();
  }, [key]);
  return loaded;
}
