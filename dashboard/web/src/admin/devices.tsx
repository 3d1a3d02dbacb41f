// All devices: whose each is, whether it is heard, how its battery and its clock are.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { getFleet } from "../api/admin";
import type { FleetDevice } from "../api/schema";
import { clockOffset, nameOf } from "../patient/device_name";
import { deviceState, lastHeardUs, stateKey } from "../patient/device_state";
import { RevokeDialog } from "../patient/revoke_dialog";
import { patientPath } from "../router";
import { dayAndTime, NO_VALUE, percent } from "../words/numbers";
import { plural, words } from "../words/words";
import { useListed } from "./act";
import { LoadedState, Panel, Table } from "./panel";
import { may } from "./sections";

const ORDERS = ["patient", "heard", "battery", "clock"] as const;
/** After the last key: what is typed is asked for. */
const PAUSE_MS = 250;
/** What is shown grows old while one looks. */
const AGAIN_MS = 10_000;

export function DevicesSection() {
  const find = useSignal("");
  const order = useSignal<(typeof ORDERS)[number]>("patient");
  const revoked = useSignal(false);
  const asked = useSignal<FleetDevice | null>(null);
  const { loaded, reload } = useListed(
    (abort) => getFleet(find.value, order.value, revoked.value, abort),
    `${find.value} ${order.value} ${revoked.value}`,
  );
  useEffect(() => {
    const timer = setInterval(reload, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const typed = useSignal(0);
  useEffect(() => () => clearTimeout(typed.value), []);
  const fleet = loaded.value.value;
  return (
    <Panel id="devices" title={words("devices.title")} hint={words("fleet.hint")}>
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <label class="admin-choice">
          <span>{words("fleet.find")}</span>
          <input
            type="search"
            maxLength={80}
            autocomplete="off"
            onInput={(event) => {
              const wish = event.currentTarget.value.trim();
              clearTimeout(typed.value);
              typed.value = window.setTimeout(() => {
                find.value = wish;
              }, PAUSE_MS);
            }}
          />
        </label>
        <label class="admin-choice">
          <span>{words("fleet.order")}</span>
          <select
            onChange={(event) => {
              order.value = ORDERS[event.currentTarget.selectedIndex] ?? "patient";
            }}
          >
            {ORDERS.map((one) => (
              <option key={one}>{words(`device_order.${one}`)}</option>
            ))}
          </select>
        </label>
        <label class="admin-check">
          <input
            type="checkbox"
            onChange={(event) => {
              revoked.value = event.currentTarget.checked;
            }}
          />
          <span>{words("fleet.revoked")}</span>
        </label>
      </form>
      <LoadedState loaded={loaded} again={reload} />
      {fleet !== null && (
        <p class="nothing" role="status">
          {fleet.n === 0
            ? words(find.value ? "fleet.no_match" : revoked.value ? "fleet.none_revoked" : "devices.none")
            : plural("fleet.n", fleet.n)}
          {fleet.n > fleet.devices.length && ` ${words("fleet.first", { n: fleet.devices.length })}`}
        </p>
      )}
      {fleet !== null && fleet.n > 0 && (
        <Table
          label={words("devices.title")}
          heads={[
            words("holds.patient"),
            words("fleet.device"),
            words("fleet.state"),
            words("devices.contact"),
            words("fleet.battery"),
            words("devices.clock"),
            "",
          ]}
          rows={fleet.devices.map((device) => [
            <Whose key="whose" device={device} />,
            <span key="device">
              {nameOf(device)} <code class="whole">{device.device}</code>
            </span>,
            stateOf(device, loaded.value.atUs),
            timeOf(lastHeardUs(device)),
            device.battery_percent === null ? NO_VALUE : percent(device.battery_percent),
            clockOffset(device.clock_offset_us),
            device.revoked_us === null && (
              <button
                key="revoke"
                type="button"
                class="button"
                aria-label={words("paired.revoke_of", { name: nameOf(device), device: device.device })}
                onClick={() => {
                  asked.value = device;
                }}
              >
                {words("paired.revoke")}
              </button>
            ),
          ])}
        />
      )}
      {asked.value !== null && (
        <RevokeDialog
          device={asked.value}
          onDone={(isRevoked) => {
            asked.value = null;
            if (isRevoked) reload();
          }}
        />
      )}
    </Panel>
  );
}

/** Whose it is; a link for whoever may see the patient. */
function Whose({ device }: { device: FleetDevice }) {
  return (
    <span>
      {may("see_patient") ? <a href={patientPath(device.patient_id)}>{device.patient}</a> : device.patient}
      <br />
      <span class="nothing">{device.ward}</span>
    </span>
  );
}

function stateOf(device: FleetDevice, atUs: number): string {
  if (device.revoked_us === null) return words(stateKey(deviceState(device, atUs)));
  const who = words("paired.revoked", { time: dayAndTime(device.revoked_us), name: device.revoked_by ?? NO_VALUE });
  return device.revoked_why ? `${who} · ${device.revoked_why}` : who;
}

const timeOf = (tUs: number | null) => (tUs === null ? NO_VALUE : dayAndTime(tUs));
