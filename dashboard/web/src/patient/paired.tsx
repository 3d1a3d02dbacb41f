// What is done about a patient's devices: pairing one more, and shutting one out.

import { useSignal } from "@preact/signals";
import { getDevices } from "../api/care";
import type { PairedDevice } from "../api/schema";
import { Waiting } from "../parts/waiting";
import { pairPath } from "../router";
import { dayAndTime } from "../words/numbers";
import { words, wordsOfError } from "../words/words";
import { nameOf } from "./device_name";
import { deviceState, lastHeardUs, stateKey } from "./device_state";
import { useLoaded } from "./loaded";
import { RevokeDialog } from "./revoke_dialog";

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
      <Waiting of={loaded.value} />
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
        <RevokeDialog
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
