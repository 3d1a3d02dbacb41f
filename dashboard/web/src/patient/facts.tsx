// A patient's limits and devices.

import type { Device, PatientFacts } from "../api/types";
import { Battery } from "../parts/readings";
import { bytes, dayAndTime, decimal } from "../words/numbers";
import { callName, plural, words } from "../words/words";

export function Limits({ limits }: Pick<PatientFacts, "limits">) {
  const rows = Object.entries(limits).flatMap(([call, values]) =>
    Object.entries(values).map(([name, value]) => ({ call, name, value })),
  );
  return (
    <section class="panel" aria-labelledby="limits-title">
      <header class="panel-head">
        <h2 id="limits-title">{words("limits.title")}</h2>
      </header>
      {rows.length === 0 && <p class="nothing">{words("limits.none")}</p>}
      <dl class="facts">
        {rows.map(({ call, name, value }) => (
          <div key={`${call} ${name}`}>
            <dt>{callName(call)}</dt>
            <dd>
              {name === "bpm"
                ? words("limits.bpm", { value: decimal(value) })
                : name === "seconds"
                  ? words("limits.seconds", { value: decimal(value) })
                  : words("limits.other", { name, value: decimal(value) })}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Devices({ devices }: Pick<PatientFacts, "devices">) {
  return (
    <section class="panel" aria-labelledby="devices-title">
      <header class="panel-head">
        <h2 id="devices-title">{words("devices.title")}</h2>
      </header>
      {devices.length === 0 && <p class="nothing">{words("devices.none")}</p>}
      {devices.map((device) => (
        <OneDevice key={device.id} device={device} />
      ))}
    </section>
  );
}

function OneDevice({ device }: { device: Device }) {
  const state = device.online === null ? "never" : device.online ? "online" : "offline";
  return (
    <div class="device">
      <p class="device-head">
        <strong>{device.wearable || words("devices.unnamed")}</strong>
        <span class="device-state" data-state={state}>
          {words(`devices.${state}`)}
        </span>
        <Battery percent={device.battery_percent} />
      </p>
      <dl class="facts">
        <div>
          <dt>{words("devices.id")}</dt>
          <dd>
            <code>{device.id}</code>
          </dd>
        </div>
        {device.firmware && (
          <div>
            <dt>{words("devices.firmware")}</dt>
            <dd>{device.firmware}</dd>
          </div>
        )}
        {device.outbox_frames !== null && (
          <div>
            <dt>{words("devices.outbox")}</dt>
            <dd>
              {plural("devices.outbox_frames", device.outbox_frames)}
              {device.outbox_bytes_left !== null &&
                ` · ${words("devices.outbox_left", { size: bytes(device.outbox_bytes_left) })}`}
            </dd>
          </div>
        )}
        {device.status_us !== null && (
          <div>
            <dt>{words("devices.status")}</dt>
            <dd>{dayAndTime(device.status_us)}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}
