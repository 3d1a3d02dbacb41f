// One pairing code after the other for a patient, and what becomes of the one that is shown.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { getCodeState, makeCode } from "../api/care";
import { ApiError } from "../api/http";
import type { CodeState, PairingCode } from "../api/schema";

/** How often the server is asked what became of the code, ms. */
const ASK_MS = 1000;
/** So many codes are made by themselves while nobody uses them; then somebody must ask: an hour of ten minutes each. */
const RENEWALS_MOST = 6;

/**
 * `waiting` for the phone, `paired`, `receiving` its signal, `expired` with nobody there, or `replaced` by a code that
 * somebody made elsewhere: two screens must not end each other's codes for ever.
 */
export type Stage = "making" | "waiting" | "paired" | "receiving" | "expired" | "replaced";

export interface Pairing {
  code: PairingCode | null;
  state: CodeState | null;
  problem: unknown;
}

/** Where a pairing is. Pure. */
export function stageOf({ code, state }: Pairing): Stage {
  if (code === null) return "making";
  if (state === null || state.id !== code.id || state.state === "waiting") return "waiting";
  if (state.state === "expired") return state.expires_us < code.expires_us ? "replaced" : "expired";
  return state.received_us === null ? "paired" : "receiving";
}

/** Whether a code that nobody used is replaced by itself. Pure. */
export const isRenewed = (renewals: number, isSeen: boolean): boolean => isSeen && renewals < RENEWALS_MOST;

/** The code of a page that is loaded anew holds on; leaving the page lets go of it. */
const KEY = "heartwire.pairing";

interface Kept {
  patientId: number;
  code: PairingCode;
}

function keep(kept: Kept | null): void {
  if (kept === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, JSON.stringify(kept));
}

function keptCode(patientId: number): PairingCode | null {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Kept | null;
  return kept?.patientId === patientId ? kept.code : null;
}

export function usePairing(patientId: number): { pairing: Signal<Pairing>; renew: () => void } {
  const pairing = useSignal<Pairing>({ code: null, state: null, problem: null });
  const wanted = useSignal(0);
  const renew = () => {
    wanted.value++;
  };
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let renewals = 0;
    const again = (act: () => void) => {
      if (!abort.signal.aborted) timer = setTimeout(act, ASK_MS);
    };
    const make = async () => {
      try {
        const code = await makeCode(patientId);
        if (abort.signal.aborted) return;
        keep({ patientId, code });
        pairing.value = { code, state: null, problem: null };
        again(ask);
      } catch (problem) {
        if (!abort.signal.aborted) pairing.value = { ...pairing.value, problem };
      }
    };
    const ask = async () => {
      const { code } = pairing.value;
      if (code === null) return;
      try {
        pairing.value = { code, state: await getCodeState(code.id, abort.signal), problem: null };
      } catch (problem) {
        if (abort.signal.aborted) return;
        if (problem instanceof ApiError && problem.code === "not_found") {
          make(); // so old that it was forgotten
          return;
        }
        pairing.value = { ...pairing.value, problem };
      }
      goOn(stageOf(pairing.value));
    };
    const goOn = (stage: Stage) => {
      if (stage === "waiting" || stage === "paired") again(ask);
      else if (stage === "expired" && isRenewed(renewals, document.visibilityState === "visible")) {
        renewals++;
        make();
      }
    };
    const code = keptCode(patientId);
    pairing.value = { code, state: null, problem: null };
    if (code === null) make();
    else ask();
    return () => {
      keep(null);
      abort.abort();
      clearTimeout(timer);
    };
  }, [patientId, wanted.value]);
  return { pairing, renew };
}
