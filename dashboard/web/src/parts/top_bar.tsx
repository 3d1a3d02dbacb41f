// What is always on top: where one is, how many alarms wait, whether the services live, sound, who is signed in.

import type { ComponentChildren } from "preact";
import { isBoardOpen } from "../alarms/board";
import { pressSound, type SoundState, soundState } from "../alarms/sound";
import type { Priority, Service } from "../api/types";
import { isLive } from "../live/connection";
import { isUnanswered } from "../ward/order";
import { everyone, systemAlarms, ward } from "../ward/ward";
import { plural, words } from "../words/words";
import { CheckIcon, CrossIcon, Mark, PriorityIcon, SoundIcon, TechnicalIcon } from "./icons";
import { PersonMenu } from "./person_menu";
import { Proven } from "./proven";

export function TopBar({ children }: { children?: ComponentChildren }) {
  return (
    <header class="top-bar">
      <a class="brand" href="/ward" aria-label={words("app.name")}>
        <Mark />
        <span>{words("app.name")}</span>
      </a>
      {children}
      <Counts />
      <span class="spacer" />
      <Services />
      <Proven />
      <SoundButton />
      <PersonMenu />
    </header>
  );
}

function Counts() {
  if (ward.value === null) return null;
  const open = [...systemAlarms.value, ...everyone.value.flatMap(({ alarms }) => alarms)].filter(isUnanswered);
  const clinical = open.filter(({ family }) => family === "clinical");
  const count = (priority: Priority) => clinical.filter((alarm) => alarm.priority === priority).length;
  const technical = open.length - clinical.length;
  return (
    <button
      type="button"
      class="counts"
      title={words("board.open")}
      aria-expanded={isBoardOpen.value}
      aria-controls="board"
      onClick={() => {
        isBoardOpen.value = !isBoardOpen.value;
      }}
    >
      <span class="count-patients">{plural("counts.patients", everyone.value.length)}</span>
      {(["high", "medium", "low"] as const).map((priority) => (
        <span key={priority} class="count" data-priority={priority} data-none={count(priority) === 0}>
          <PriorityIcon priority={priority} />
          <span class="visually-hidden">{words(`priority.${priority}`)}</span>
          {count(priority)}
        </span>
      ))}
      <span class="count" data-technical data-none={technical === 0}>
        <TechnicalIcon />
        <span class="visually-hidden">{words("counts.technical")}</span>
        {technical}
      </span>
    </button>
  );
}

const SERVICES: readonly Service[] = ["broker", "ingest", "analytics", "notifier"];

function Services() {
  const services = ward.value?.services;
  if (services === undefined) return null;
  // It runs, and its alarm says that it does not come on: the mark beside that alarm must not say all is well.
  const isBehind = systemAlarms.value.some((alarm) => alarm.call === "analysis_behind" && alarm.ended_us === null);
  const late: Service | null = isBehind ? "analytics" : null;
  return (
    <ul class="services" aria-label={words("services.label")} data-known={isLive.value}>
      {SERVICES.map((service) => {
        const told = services[service];
        if (told === null) return null; // a hospital without a notifier
        const state = !isLive.value ? "unknown" : !told.live ? "stopped" : service === late ? "behind" : "live";
        return (
          <li key={service} data-state={state} title={words(`services.${state}`)}>
            {state === "live" ? <CheckIcon /> : <CrossIcon />}
            <span class="service-name">{words(`service.${service}`)}</span>
            <span class="visually-hidden">{words(`services.${state}`)}</span>
          </li>
        );
      })}
    </ul>
  );
}

function SoundButton() {
  const state: SoundState = soundState.value;
  return (
    <button
      type="button"
      class="button sound"
      data-sound={state}
      aria-label={words(`sound.${state}`)}
      onClick={pressSound}
      disabled={state === "unavailable"}
    >
      <SoundIcon state={state === "on" ? "on" : "off"} />
      <span class="sound-words">{words(`sound.${state}`)}</span>
    </button>
  );
}
