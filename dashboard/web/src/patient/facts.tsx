// The limits that hold for a patient, and the devices.

import type { ComponentChildren } from "preact";
import type { Device, DeviceLink, PatientFacts } from "../api/types";
import { Battery } from "../parts/readings";
import { bytes, dayAndTime, decimal, percent, span } from "../words/numbers";
import { quantity } from "../words/quantities";
import { callName, calls, plural, words } from "../words/words";
import { clockOffset } from "./device_name";
import { deviceState, stateKey } from "./device_state";
import { byCall, type EffectiveLimit, effectiveLimits } from "./limits";

interface LimitsProps extends Pick<PatientFacts, "limits"> {
  /** Beside the title. */
  tools?: ComponentChildren;
  /** Instead of the list, while they are changed. */
  children?: ComponentChildren;
}

export function Limits({ limits, tools, children }: LimitsProps) {
  const rows = effectiveLimits(calls.value.values(), limits);
  return (
    <section class="panel limits" aria-labelledby="limits-title">
      <header class="panel-head">
        <h2 id="limits-title">{words("limits.title")}</h2>
        <span class="spacer" />
        {tools}
      </header>
      {children || <LimitList rows={rows} />}
    </section>
  );
}

function LimitList({ rows }: { rows: readonly EffectiveLimit[] }) {
  return (
    <>
      <dl class="facts">
        {[...byCall(rows)].map(([call, limitsOfCall]) => (
          <div key={call}>
            <dt>{callName(call)}</dt>
            <dd>
              {limitsOfCall.map(({ name, value, unit, isOwn }, i) => (
                <span key={name} class="limit" data-own={isOwn}>
                  {i > 0 && " · "}
                  {isOwn && <span class="limit-own">{words("limits.own")} </span>}
                  {quantity(value, unit)}
                </span>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      {rows.length > 0 && (
        <p class="nothing">{words(rows.some(({ isOwn }) => isOwn) ? "limits.some" : "limits.none")}</p>
      )}
    </>
  );
}

interface DevicesProps extends Pick<PatientFacts, "devices"> {
  /** When this was so, by the server's clock. */
  atUs: number;
}

export function Devices({ devices, atUs }: DevicesProps) {
  return (
    <section class="panel" aria-labelledby="devices-title">
      <header class="panel-head">
        <h2 id="devices-title">{words("devices.title")}</h2>
      </header>
      {devices.length === 0 && <p class="nothing">{words("devices.none")}</p>}
      {devices.map((device) => (
        <OneDevice key={device.id} device={device} atUs={atUs} />
      ))}
    </section>
  );
}

function OneDevice({ device, atUs }: { device: Device; atUs: number }) {
  const state = deviceState({ ...device, heard_us: device.link?.last_contact_us ?? null }, atUs);
  return (
    <div class="device">
      <p class="device-head">
        <strong>{device.wearable || device.description || words("devices.unnamed")}</strong>
        <span class="device-state" data-state={state}>
          {words(stateKey(state))}
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
        {device.link && <LinkFacts link={device.link} />}
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

/** How the device's way to the server does, as the server measured it. */
function LinkFacts({ link }: { link: DeviceLink }) {
  const rows: [string, string][] = [[words("devices.contact"), dayAndTime(link.last_contact_us)]];
  if (link.frames_expected !== null && link.frames_received !== null) {
    const given = { received: decimal(link.frames_received), expected: decimal(link.frames_expected) };
    rows.push([words("devices.received"), words("devices.received_of", given)]);
  }
  // Rounded down: nothing that is missing is called whole.
  if (link.hour_share !== null) rows.push([words("devices.hour"), percent(Math.floor(link.hour_share * 100))]);
  if (link.longest_silence_ended_us !== null) {
    const given = { span: span(link.longest_silence_us / 1e6), time: dayAndTime(link.longest_silence_ended_us) };
    rows.push([words("devices.silence"), words("devices.silence_until", given)]);
  }
  rows.push([words("devices.clock"), clockWords(link)]);
  if (link.clock_jump_us !== null && link.clock_jumped_us !== null) {
    const given = { span: span(Math.abs(link.clock_jump_us) / 1e6), time: dayAndTime(link.clock_jumped_us) };
    const key = link.clock_jump_us > 0 ? "devices.clock_set_ahead" : "devices.clock_set_back";
    rows.push([words("devices.clock_set"), words(key, given)]);
  }
  return (
    <>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </>
  );
}

function clockWords({ clock_offset_us, clock_drift_ppm, clock_drift_error_ppm }: DeviceLink): string {
  const offset = clockOffset(clock_offset_us);
  if (clock_offset_us === null || clock_drift_ppm === null || clock_drift_error_ppm === null) return offset;
  const drift = { ppm: decimal(clock_drift_ppm), error: decimal(clock_drift_error_ppm) };
  return `${offset} · ${words("devices.clock_drift", drift)}`;
}
