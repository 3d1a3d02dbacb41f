// Language, and light or dark.

import { switchTheme, theme } from "../theme";
import { chooseLanguage, LANGUAGES, language } from "../words/language";
import { words } from "../words/words";

export function Choices() {
  return (
    <section class="choices" aria-label={words("choices.label")}>
      {LANGUAGES.map((one) => (
        <button
          key={one}
          type="button"
          class="button small"
          lang={one}
          aria-pressed={language.value === one}
          onClick={() => chooseLanguage(one)}
        >
          {words(`choices.${one}`)}
        </button>
      ))}
      <button type="button" class="button small" onClick={switchTheme}>
        {words(theme.value === "dark" ? "choices.light" : "choices.dark")}
      </button>
    </section>
  );
}
