// What is always on top: where one is, how many alarms wait, whether the services live, sound, language, theme, who is signed in.

import type { ComponentChildren } from "preact";
import { pressSound, type SoundState, soundState } from "../alarms/sound";
import type { Language, Priority, Service } from "../api/types";
import { isLive } from "../live/connection";
import { navigate } from "../router";
import { signOut, user } from "../session";
import { switchTheme, theme } from "../theme";
import { isUnanswered } from "../ward/order";
import { everyone, systemAlarms, ward } from "../ward/ward";
import { chooseLanguage, LANGUAGES, language } from "../words/language";
import { plural, words } from "../words/words";
import { CheckIcon, CrossIcon, Mark, MoonIcon, PriorityIcon, SoundIcon, SunIcon } from "./icons";

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
      <SoundButton />
      <LanguageButtons />
      <ThemeButton />
      <Person />
    </header>
  );
}

function Counts() {
  if (ward.value === null) return null;
  const open = [...systemAlarms.value, ...everyone.value.flatMap(({ alarms }) => alarms)].filter(isUnanswered);
  const count = (priority: Priority) => open.filter((alarm) => alarm.priority === priority).length;
  return (
    <ul class="counts" aria-label={words("counts.label")}>
      <li>{plural("counts.patients", everyone.value.length)}</li>
      {(["high", "medium", "low"] as const).map((priority) => (
        <li key={priority} class="count" data-priority={priority} data-none={count(priority) === 0}>
          <PriorityIcon priority={priority} />
          <span class="visually-hidden">{words(`priority.${priority}`)}</span>
          {count(priority)}
        </li>
      ))}
    </ul>
  );
}

const SERVICES: readonly Service[] = ["broker", "ingest", "analytics"];

function Services() {
  const services = ward.value?.services;
  if (services === undefined) return null;
  // It runs, and its alarm says that it does not come on: the mark beside that alarm must not say all is well.
  const isBehind = systemAlarms.value.some((alarm) => alarm.call === "analysis_behind" && alarm.ended_us === null);
  const late: Service | null = isBehind ? "analytics" : null;
  return (
    <ul class="services" aria-label={words("services.label")} data-known={isLive.value}>
      {SERVICES.map((service) => {
        const lives = services[service].live;
        const state = !isLive.value ? "unknown" : !lives ? "stopped" : service === late ? "behind" : "live";
        return (
          <li key={service} data-state={state} title={words(`services.${state}`)}>
            {state === "live" ? <CheckIcon /> : <CrossIcon />}
            {words(`service.${service}`)}
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
      onClick={pressSound}
      disabled={state === "unavailable"}
    >
      <SoundIcon state={state === "on" ? "on" : "off"} />
      {words(`sound.${state}`)}
    </button>
  );
}

export function LanguageButtons() {
  const names: Record<Language, string> = { en: "EN", fr: "FR", de: "DE" };
  const whole: Record<Language, string> = { en: "EN, English", fr: "FR, Français", de: "DE, Deutsch" };
  return (
    <fieldset class="languages">
      <legend class="visually-hidden">{words("language.label")}</legend>
      {LANGUAGES.map((code) => (
        <button
          key={code}
          type="button"
          class="button"
          lang={code}
          aria-label={whole[code]}
          aria-pressed={language.value === code}
          onClick={() => chooseLanguage(code)}
        >
          {names[code]}
        </button>
      ))}
    </fieldset>
  );
}

export function ThemeButton() {
  const label = words(theme.value === "dark" ? "theme.to_light" : "theme.to_dark");
  return (
    <button type="button" class="button icon-only" aria-label={label} title={label} onClick={switchTheme}>
      {theme.value === "dark" ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}

function Person() {
  const leave = () => {
    signOut().then(
      () => navigate("/sign-in"),
      () => undefined, // still signed in, and shown so
    );
  };
  return (
    <div class="person">
      <span class="person-name" title={words("person.signed_in")}>
        {user.value?.name}
      </span>
      <button type="button" class="button" onClick={leave}>
        {words("person.sign_out")}
      </button>
    </div>
  );
}
