// What a page of the administration shows and does: loaded, acted upon, loaded anew; what went wrong in words.

import { type Signal, useSignal } from "@preact/signals";
import { type Loaded, useLoaded } from "../patient/loaded";
import { wordsOfError } from "../words/words";

export interface Acting {
  busy: Signal<boolean>;
  /** Words, empty while nothing is wrong. */
  problem: Signal<string>;
  /** Do it; returns whether it was done. Nothing happens while something else is under way. */
  act: (work: () => Promise<unknown>) => Promise<boolean>;
}

export function useActing(): Acting {
  const busy = useSignal(false);
  const problem = useSignal("");
  const act = async (work: () => Promise<unknown>) => {
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

export interface Listed<T> extends Acting {
  loaded: Signal<Loaded<T>>;
  reload: () => void;
  /** Do it, then load anew; returns whether it was done. */
  actAndReload: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** What a section lists, loaded anew whenever `key` changes or something was done to it. */
export function useListed<T>(load: (abort: AbortSignal) => Promise<T>, key = ""): Listed<T> {
  const turn = useSignal(0);
  const loaded = useLoaded(`${turn.value} ${key}`, load);
  const acting = useActing();
  const reload = () => {
    turn.value++;
  };
  const actAndReload = async (work: () => Promise<unknown>) => {
    const isDone = await acting.act(work);
    if (isDone) reload();
    return isDone;
  };
  return { ...acting, loaded, reload, actAndReload };
}
