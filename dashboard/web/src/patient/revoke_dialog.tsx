// Shutting a device out.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { revokeDevice } from "../api/care";
import { words, wordsOfError } from "../words/words";
import { nameOf } from "./device_name";

interface Props {
  device: { device: string; wearable: string | null; description: string };
  onDone: (isRevoked: boolean) => void;
}

/** Asks once more: what is shut out never comes back. */
export function RevokeDialog({ device, onDone }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const why = useRef<HTMLInputElement>(null);
  const busy = useSignal(false);
  const problem = useSignal<unknown>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const revoke = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    try {
      await revokeDevice(device.device, why.current?.value.trim() ?? "");
      onDone(true);
    } catch (error) {
      problem.value = error;
      busy.value = false;
    }
  };
  return (
    <dialog ref={dialog} class="ask" aria-labelledby="revoke-title" onClose={() => onDone(false)}>
      <form class="care-form" onSubmit={revoke}>
        <h2 id="revoke-title">{words("paired.revoke_sure", { name: nameOf(device) })}</h2>
        <p>{words("paired.revoke_means")}</p>
        <label>
          <span>{words("paired.revoke_why")}</span>
          <input ref={why} name="why" maxLength={200} autocomplete="off" />
        </label>
        {problem.value !== null && (
          <p class="problem" role="alert">
            {wordsOfError(problem.value)}
          </p>
        )}
        <div class="ask-buttons">
          <button type="button" class="button main" onClick={() => dialog.current?.close()}>
            {words("paired.keep")}
          </button>
          <button type="submit" class="button main danger" aria-disabled={busy.value}>
            {words("paired.revoke")}
          </button>
        </div>
      </form>
    </dialog>
  );
}
