// Who is signed in, and what is this person's own: language, colours, the way out.

import { openSections } from "../admin/sections";
import { sayFailure } from "../alarms/answer";
import { mayAct } from "../alarms/caring";
import { isHandingOver } from "../alarms/hand_over";
import type { Language } from "../api/types";
import { mayBreakGlass } from "../glass/glass";
import { leavePush } from "../push/push";
import { PushChoice } from "../push/push_choice";
import { navigate } from "../router";
import { signOut, user } from "../session";
import { switchTheme, theme } from "../theme";
import { chooseLanguage, LANGUAGES, language } from "../words/language";
import { words } from "../words/words";
import { MoonIcon, PersonIcon, SunIcon } from "./icons";
import { Menu } from "./menu";

export function PersonMenu() {
  const name = user.value?.name ?? "";
  const leave = () => {
    leavePush()
      .then(signOut)
      .then(
        () => navigate("/sign-in"),
        (problem) => sayFailure(problem), // still signed in, and shown so
      );
  };
  return (
    <Menu
      class="person"
      label={words("person.menu", { name })}
      button={
        <>
          <PersonIcon />
          <span class="person-name">{name}</span>
        </>
      }
    >
      <p class="menu-note">{words("person.signed_in_as", { name })}</p>
      <LanguageButtons />
      <ThemeButton />
      {mayAct.value && <PushChoice />}
      <a class="button" href="/account">
        {words("account.open")}
      </a>
      {user.value?.permissions.includes("review") && (
        <a class="button" href="/review">
          {words("queue.open")}
        </a>
      )}
      {user.value?.permissions.includes("see_statistics") && (
        <a class="button" href="/statistics">
          {words("statistics.open")}
        </a>
      )}
      {mayBreakGlass() && (
        <a class="button" href="/glass">
          {words("glass.title")}
        </a>
      )}
      {openSections().length > 0 && (
        <a class="button" href="/admin">
          {words("admin.open")}
        </a>
      )}
      {mayAct.value && (
        <button
          type="button"
          class="button"
          onClick={({ currentTarget }) => {
            currentTarget.closest<HTMLElement>("[popover]")?.hidePopover();
            isHandingOver.value = true;
          }}
        >
          {words("hand_over.title")}
        </button>
      )}
      <button type="button" class="button" onClick={leave}>
        {words("person.sign_out")}
      </button>
    </Menu>
  );
}

const SHORT: Readonly<Record<Language, string>> = { en: "EN", fr: "FR", de: "DE" };
const WHOLE: Readonly<Record<Language, string>> = { en: "EN, English", fr: "FR, Français", de: "DE, Deutsch" };

export function LanguageButtons() {
  return (
    <fieldset class="languages">
      <legend class="visually-hidden">{words("language.label")}</legend>
      {LANGUAGES.map((code) => (
        <button
          key={code}
          type="button"
          class="button"
          lang={code}
          aria-label={WHOLE[code]}
          aria-pressed={language.value === code}
          onClick={() => chooseLanguage(code)}
        >
          {SHORT[code]}
        </button>
      ))}
    </fieldset>
  );
}

export function ThemeButton() {
  const isDark = theme.value === "dark";
  return (
    <button type="button" class="button" onClick={switchTheme}>
      {isDark ? <SunIcon /> : <MoonIcon />}
      {words(isDark ? "theme.to_light" : "theme.to_dark")}
    </button>
  );
}
