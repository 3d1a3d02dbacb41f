// What is done about a patient's devices: pairing one more, and shutting one out.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { getDevices, revokeDevice } from "../api/care";
import type { PairedDevice } from "../api/care_types";
import { pairPath } from "../router";
import { dayAndTime } from "../words/numbers";
import { words, wordsOfError } from "../words/words";
import { deviceState, lastHeardUs, stateKey } from "./device_state";
import { useLoaded } from "./loaded";

interface Props {
  patientId: number;
  /** Changes whenever the devices are to be asked for anew. */
  again: number;
}

export function PairedDevices({ patientId, again }: Props) {
  const changes = useSignal(0);
  const asked = useSignal<PairedDevice | null>(null);
  const loaded = useLoaded(`${patientId} ${again} ${changes.value}`, (abort) => getDevices(patientId, abort));
  const devices = loaded.value.value ?? [];
  return (
    <section class="panel" aria-labelledby="paired-title">
      <header class="panel-head">
        <h2 id="paired-title">{words("paired.title")}</h2>
        <span class="spacer" />
        <a class="button" href={pairPath(patientId)}>
          {words("paired.pair")}
        </a>
      </header>
      {loaded.value.problem !== null && <p class="problem">{wordsOfError(loaded.value.problem)}</p>}
      {devices.length === 0 && loaded.value.value !== null && <p class="nothing">{words("devices.none")}</p>}
      <ul class="paired">
        {devices.map((device) => (
          <li key={device.device} data-revoked={device.revoked_us !== null}>
            <p>
              <strong>{nameOf(device)}</strong> <code>{device.device}</code>
            </p>
            <p class="nothing">{storyOf(device, loaded.value.atUs)}</p>
            {device.revoked_us === null && (
              <button
                type="button"
                class="button"
                aria-label={words("paired.revoke_of", { name: nameOf(device), device: device.device })}
                onClick={() => {
                  asked.value = device;
                }}
              >
                {words("paired.revoke")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {asked.value !== null && (
        <Revoke
          device={asked.value}
          onDone={(isRevoked) => {
            asked.value = null;
            if (isRevoked) changes.value++;
          }}
        />
      )}
    </section>
  );
}

const nameOf = (device: PairedDevice) => device.wearable || device.description || words("devices.unnamed");

function storyOf(device: PairedDevice, atUs: number): string {
  const said = [words("paired.since", { time: dayAndTime(device.paired_us) })];
  if (device.revoked_us !== null) {
    said.push(words("paired.revoked", { time: dayAndTime(device.revoked_us), name: device.revoked_by ?? "" }));
    if (device.revoked_why) said.push(device.revoked_why);
  } else {
    const state = deviceState(device, atUs);
    const heardUs = lastHeardUs(device);
    said.push(words(stateKey(state)));
    if (heardUs !== null && (state === "quiet" || state === "silent"))
      said.push(words("devices.last_heard", { time: dayAndTime(heardUs) }));
  }
  return said.join(" · ");
}

/** Asks once more: what is shut out never comes back. */
function Revoke({ device, onDone }: { device: PairedDevice; onDone: (isRevoked: boolean) => void }) {
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
