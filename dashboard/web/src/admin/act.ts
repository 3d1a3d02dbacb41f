// Doing something on a page of the administration: one thing at a time, with what went wrong in words.

import { type Signal, useSignal } from "@preact/signals";
import { wordsOfError } from "../words/words";

export interface Acting {
  busy: Signal<boolean>;
  /** Words, empty while nothing is wrong. */
  problem: Signal<string>;
  /** Do it; returns whether it was done. Nothing happens while something else is under way. */
  act: (work: () => Promise<void>) => Promise<boolean>;
}

export function useActing(): Acting {
  const busy = useSignal(false);
  const problem = useSignal("");
  const act = async (work: () => Promise<void>) => {
    if (busy.value) return false;
    busy.value = true;
    problem.value = "";
    try {
      await work();
      return true;
    } catch (error) {
      problem.value = wordsOfError(error);
      return false;
    } finally {
      busy.value = false;
    }
  };
  return { busy, problem, act };
}
