// What concerns every patient at once: no longer live, a service that stopped, alarms of the system itself.

import { HandOverBanner } from "../alarms/hand_over";
import { PauseBanner } from "../alarms/pauses";
import { isLive, lastLiveUs, liveness } from "../live/connection";
import { serverTimeOf } from "../live/server_clock";
import { systemAlarms, ward } from "../ward/ward";
import { clockTime } from "../words/numbers";
import { type MessageKey, words } from "../words/words";
import { AlarmBar } from "./alarm_bar";
import { CrossIcon } from "./icons";

export function Banners() {
  return (
    <section class="banners" aria-label={words("banners.label")}>
      <div role="alert">{liveness.value === "lost" && <NotLive />}</div>
      <div role="alert">{isLive.value && <Stopped />}</div>
      <HandOverBanner />
      <PauseBanner />
      {systemAlarms.value.map((alarm) => (
        <AlarmBar key={alarm.id} alarm={alarm} name={words("system.name")} />
      ))}
    </section>
  );
}

function NotLive() {
  return (
    <p class="banner not-live" data-banner="not-live">
      <CrossIcon />
      <strong>{words("live.not_live_since", { time: clockTime(serverTimeOf(lastLiveUs.value)) })}</strong>
      <span>{words("live.reconnecting")}</span>
    </p>
  );
}

// That the notifier is silent is an alarm of its own, with a band of its own.
const SAID = ["broker", "ingest", "analytics"] as const;

/** Each service that is not there, and what that means at the bedside. */
function Stopped() {
  const picture = ward.value;
  if (picture === null) return null;
  const keys: MessageKey[] = SAID.filter((service) => !picture.services[service].live).map(
    (service): MessageKey => `stopped.${service}`,
  );
  const said = picture.database_live === false ? (["stopped.database"] as const) : keys;
  return (
    <>
      {said.map((key) => (
        <p key={key} class="banner stopped">
          <CrossIcon />
          <strong>{words(key)}</strong>
        </p>
      ))}
    </>
  );
}
