// Now: whether the heart signal is received, or what is wrong and what to do.

import { useComputed } from "@preact/signals";
import { Choices } from "../parts/choices";
import { Icon } from "../parts/icons";
import { LiveLine } from "../parts/live_line";
import { StrapChooser } from "../parts/strap_chooser";
import { spanOfBytes, waitingSpan } from "../parts/waiting";
import { FRAME_S } from "../signal/framer";
import { situationOf, toneOf } from "../situation";
import {
  agentState,
  clockOffsetUs,
  contact,
  heardMs,
  heartRate,
  isOnline,
  nowMs,
  phoneBattery,
  session,
  strapBattery,
  strapName,
  strapState,
} from "../store";
import { hasBluetooth } from "../wearables/strap";
import { percent, span, words } from "../words/words";

/** A heart rate older than this says nothing about now. */
const RATE_MS = 6000;
const LOW_PERCENT = 15;
/** A phone's clock that is off by less is not worth a word to its owner: it is set right all the same. */
const CLOCK_TOLD_US = 2e6;
const icons = { good: "check", wait: "wait", bad: "warn" } as const;

export function Now() {
  const situation = useComputed(() => {
    const agent = agentState.value;
    const now = nowMs.value;
    return situationOf({
      hasBluetooth: hasBluetooth(),
      strap: strapState.value,
      contact: contact.value,
      silentMs: heardMs.value === null ? null : now - heardMs.value,
      receivedAgoMs: agent?.receivedMs == null ? null : now - agent.receivedMs,
      isUp: agent?.isUp ?? false,
      isOnline: isOnline.value,
      isStorageFull: agent?.isStorageFull ?? false,
      refusal: agent?.refusal ?? null,
    });
  });
  const name = situation.value;
  const tone = toneOf(name);
  const isOn = strapState.value === "on";
  return (
    <>
      <section class="situation" data-tone={tone} data-situation={name} role="status">
        <Icon name={icons[tone]} />
        <h1>{words(`now.${name}`)}</h1>
        {name !== "receiving" && <p>{words(`todo.${name}`)}</p>}
      </section>
      {name === "no_strap" && <StrapChooser label={session.value?.strap ? "strap.again" : "strap.choose"} />}
      {isOn && (
        <>
          <Rate />
          <LiveLine />
        </>
      )}
      <Facts />
      {isOn && (
        <details>
          <summary>{words("now.other_strap")}</summary>
          <StrapChooser label="strap.change" />
        </details>
      )}
      <Choices />
    </>
  );
}

function Rate() {
  const rate = useComputed(() => {
    const { value } = heartRate;
    const isFresh = value !== null && value.bpm > 0 && nowMs.value - value.atMs < RATE_MS;
    return isFresh && contact.value !== "no_contact" ? value.bpm : null;
  });
  return (
    <p class="rate">
      <span class="number">{rate.value ?? words("now.no_rate")}</span>
      <span>{words("now.per_minute")}</span>
    </p>
  );
}

function Facts() {
  const contents = agentState.value?.contents;
  const waiting = contents === undefined ? null : waitingSpan(contents);
  const offsetUs = clockOffsetUs.value;
  return (
    <dl class="facts">
      {session.value && <Fact name={words("now.patient")} value={`${session.value.patient}, ${session.value.ward}`} />}
      {strapName.value !== "" && <Fact name={words("now.strap")} value={strapName.value} />}
      {strapBattery.value !== null && (
        <Fact
          name={words("now.strap_battery")}
          value={percent(strapBattery.value)}
          isBad={strapBattery.value < LOW_PERCENT}
        />
      )}
      {phoneBattery.value !== null && (
        <Fact
          name={words("now.phone_battery")}
          value={percent(phoneBattery.value)}
          isBad={phoneBattery.value < LOW_PERCENT}
        />
      )}
      {contents !== undefined && (
        <>
          <Fact
            name={words("now.waiting")}
            value={waiting === null ? words("now.nothing") : words("now.about", { span: waiting })}
          />
          <Fact name={words("now.room")} value={words("now.about", { span: spanOfBytes(contents.leftBytes) })} />
        </>
      )}
      {contents !== undefined && contents.lostEcgFrames > 0 && (
        <Fact
          name={words("now.lost")}
          value={words("now.about", { span: span(contents.lostEcgFrames * FRAME_S) })}
          isBad
        />
      )}
      {Math.abs(offsetUs) > CLOCK_TOLD_US && (
        <Fact
          name={words("now.clock")}
          value={words(offsetUs > 0 ? "now.clock_behind" : "now.clock_ahead", { span: span(Math.abs(offsetUs) / 1e6) })}
          isBad
        />
      )}
    </dl>
  );
}

function Fact({ name, value, isBad = false }: { name: string; value: string; isBad?: boolean }) {
  return (
    <div class={isBad ? "bad" : undefined}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
