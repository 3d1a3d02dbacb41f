// The end of being watched with this phone: asked once more, with what would be lost by it.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { unpair } from "../patient";
import { agentState, unsent } from "../store";
import { words } from "../words/words";
import { waitingSpan } from "./waiting";

export function Unpair() {
  const isAsked = useSignal(false);
  return (
    <section aria-labelledby="phone">
      <h2 id="phone">{words("unpair.phone")}</h2>
      <button
        type="button"
        class="button"
        onClick={() => {
          isAsked.value = true;
        }}
      >
        {words("unpair.open")}
      </button>
      {isAsked.value && (
        <Sure
          close={() => {
            isAsked.value = false;
          }}
        />
      )}
    </section>
  );
}

function Sure({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isBusy = useSignal(false);
  useEffect(() => dialog.current?.showModal(), []);
  const waiting = agentState.value === null ? null : waitingSpan(agentState.value.contents);
  const isWordUnsent = (unsent.value?.size ?? 0) > 0;
  const yes = () => {
    if (isBusy.value) return;
    isBusy.value = true;
    void unpair();
  };
  return (
    <dialog ref={dialog} class="sure" aria-labelledby="sure" onClose={close}>
      <h2 id="sure">{words("unpair.title")}</h2>
      <p>{words("unpair.text")}</p>
      {waiting !== null && <p class="problem">{words("unpair.signal_lost", { span: waiting })}</p>}
      {isWordUnsent && <p class="problem">{words("unpair.words_lost")}</p>}
      {waiting === null && !isWordUnsent && <p>{words("unpair.all_sent")}</p>}
      <button type="button" class="button main" onClick={() => dialog.current?.close()}>
        {words("unpair.no")}
      </button>
      <button type="button" class="button" onClick={yes} aria-disabled={isBusy.value}>
        {words(isBusy.value ? "pair.busy" : "unpair.yes")}
      </button>
    </dialog>
  );
}
