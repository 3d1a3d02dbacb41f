// Where a provider sends people back to: signs in with what it sent, or says why not and what to do next.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Mark } from "../parts/icons";
import { LanguageButtons, ThemeButton } from "../parts/person_menu";
import { navigate } from "../router";
import { begin } from "../session";
import { bring, readBrought } from "../sign_in/elsewhere";
import { words, wordsOfError } from "../words/words";

export function SignInReturnPage({ provider }: { provider: string }) {
  const problem = useSignal<unknown>(null);
  useEffect(() => {
    const brought = readBrought(location.search);
    // What is in the address holds once; it is not to stay in the history.
    history.replaceState(null, "", location.pathname);
    if (brought === null) {
      leave();
      return;
    }
    bring(provider, brought).catch((error) => {
      problem.value = error;
    });
  }, [provider]);

  return (
    <main class="sign-in" id="main">
      <section class="sign-in-card" aria-labelledby="sign-in-title">
        <p class="brand">
          <Mark />
          <span>{words("app.name")}</span>
        </p>
        <h1 id="sign-in-title">{words("sign_in.title")}</h1>
        {problem.value === null && <p role="status">{words("sign_in.busy")}</p>}
        <p class="problem" role="alert">
          {problem.value !== null && wordsOfError(problem.value)}
        </p>
        {problem.value !== null && (
          <button type="button" class="button main" onClick={leave}>
            {words("sign_in.again")}
          </button>
        )}
      </section>
      <div class="sign-in-foot">
        <LanguageButtons />
        <ThemeButton />
      </div>
    </main>
  );
}

/** To the page that asks who one is; who was signed in before still is. */
function leave(): void {
  navigate("/sign-in", { replace: true });
  begin();
}
