// The limits that hold for a patient, and the devices.

import type { Device, PatientFacts } from "../api/types";
import { Battery } from "../parts/readings";
import { bytes, dayAndTime, decimal } from "../words/numbers";
import { callName, calls, plural, words } from "../words/words";
import { type EffectiveLimit, effectiveLimits } from "./limits";

/** A value with its unit in words; what has none of its own is told by its name. */
function limitWords({ name, value, unit }: EffectiveLimit): string {
  const given = { value: decimal(value) };
  if (unit === "1/min") return words("limits.bpm", given);
  return unit === "s" ? words("limits.seconds", given) : words("limits.other", { name, ...given });
}

export function Limits({ limits }: Pick<PatientFacts, "limits">) {
  const rows = effectiveLimits(calls.value.values(), limits);
  return (
    <section class="panel limits" aria-labelledby="limits-title">
      <header class="panel-head">
        <h2 id="limits-title">{words("limits.title")}</h2>
      </header>
      <dl class="facts">
        {rows.map((row) => (
          <div key={`${row.call} ${row.name}`} data-own={row.isOwn}>
            <dt>{callName(row.call)}</dt>
            <dd>
              {row.isOwn && <span class="limit-own">{words("limits.own")} </span>}
              {limitWords(row)}
            </dd>
          </div>
        ))}
      </dl>
      {rows.length > 0 && (
        <p class="nothing">{words(rows.some(({ isOwn }) => isOwn) ? "limits.some" : "limits.none")}</p>
      )}
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
