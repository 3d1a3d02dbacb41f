// Sign-in.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Mark } from "../parts/icons";
import { LanguageButtons, ThemeButton } from "../parts/person_menu";
import { navigate, route } from "../router";
import { signIn } from "../session";
import { waysIn } from "../sign_in/elsewhere";
import { ProviderButtons } from "../sign_in/providers";
import { words, wordsOfError } from "../words/words";

export function SignInPage() {
  const login = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const busy = useSignal(false);
  const problem = useSignal<unknown>(null);
  useEffect(() => login.current?.focus(), []);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    problem.value = null;
    try {
      await signIn(login.current?.value.trim() ?? "", password.current?.value ?? "");
      if (route.value.page === "sign-in") navigate("/ward", { replace: true });
    } catch (error) {
      problem.value = error;
      if (password.current) password.current.value = "";
      password.current?.focus();
    } finally {
      busy.value = false;
    }
  };

  return (
    <main class="sign-in" id="main">
      <form onSubmit={submit} aria-labelledby="sign-in-title">
        <p class="brand">
          <Mark />
          <span>{words("app.name")}</span>
        </p>
        <h1 id="sign-in-title">{words("sign_in.title")}</h1>
        {waysIn.value?.password !== false && (
          <>
            <label>
              <span>{words("sign_in.login")}</span>
              <input
                ref={login}
                name="login"
                autocomplete="username"
                autocapitalize="none"
                spellcheck={false}
                required
              />
            </label>
            <label>
              <span>{words("sign_in.password")}</span>
              <input ref={password} name="password" type="password" autocomplete="current-password" required />
            </label>
            <p class="problem" role="alert">
              {problem.value !== null && wordsOfError(problem.value)}
            </p>
            <button type="submit" class="button main" aria-disabled={busy.value}>
              {words(busy.value ? "sign_in.busy" : "sign_in.submit")}
            </button>
          </>
        )}
        <ProviderButtons />
        {waysIn.value?.password !== false && <p class="hint">{words("sign_in.hint")}</p>}
      </form>
      <div class="sign-in-foot">
        <LanguageButtons />
        <ThemeButton />
      </div>
    </main>
  );
}
