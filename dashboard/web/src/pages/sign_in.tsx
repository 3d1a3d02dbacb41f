// Sign-in: user and password; then, where there is a second factor or must be, its code.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { FactorSetUp } from "../account/factor_set_up";
import { enrol } from "../api/account";
import { ApiError } from "../api/http";
import type { Enrolment } from "../api/schema";
import type { Session } from "../api/types";
import { Mark } from "../parts/icons";
import { LanguageButtons, ThemeButton } from "../parts/person_menu";
import { ShownOnce } from "../parts/shown_once";
import { navigate, route } from "../router";
import { enter, signIn } from "../session";
import { CodeForm } from "../sign_in/code_form";
import { waysIn } from "../sign_in/elsewhere";
import { ProviderButtons } from "../sign_in/providers";
import { words, wordsOfError } from "../words/words";

interface Given {
  login: string;
  password: string;
}

type Step =
  | { is: "credentials" }
  | ({ is: "code" } & Given)
  | ({ is: "enrolment"; enrolment: Enrolment } & Given)
  | { is: "recovery"; session: Session; codes: string[] };

export function SignInPage() {
  const step = useSignal<Step>({ is: "credentials" });
  const busy = useSignal(false);
  /** Put into words when it is shown: the language may change meanwhile. */
  const problem = useSignal<unknown>(null);

  const come = (session: Session) => {
    enter(session);
    if (route.value.page === "sign-in") navigate("/ward", { replace: true });
  };
  const nextStep = async (given: Given, code: string | null): Promise<Step | null> => {
    try {
      const session = await signIn(given.login, given.password, code);
      const codes = session.recovery_codes;
      if (codes !== null) return { is: "recovery", session, codes };
      come(session);
      return null;
    } catch (error) {
      const wants = error instanceof ApiError && code === null ? error.code : "";
      if (wants === "second_factor_needed") return { is: "code", ...given };
      if (wants === "enrol_first")
        return { is: "enrolment", enrolment: await enrol(given.login, given.password), ...given };
      throw error;
    }
  };
  const attempt = async (given: Given, code: string | null) => {
    if (busy.value) return;
    busy.value = true;
    problem.value = null;
    try {
      const next = await nextStep(given, code);
      if (next !== null) step.value = next;
    } catch (error) {
      problem.value = error;
    } finally {
      busy.value = false;
    }
  };
  const back = () => {
    problem.value = null;
    step.value = { is: "credentials" };
  };

  return (
    <main class="sign-in" id="main">
      <div class={step.value.is === "enrolment" ? "sign-in-card wide" : "sign-in-card"}>
        <p class="brand">
          <Mark />
          <span>{words("app.name")}</span>
        </p>
        <Now step={step.value} busy={busy} problem={problem} attempt={attempt} back={back} come={come} />
      </div>
      <div class="sign-in-foot">
        <LanguageButtons />
        <ThemeButton />
      </div>
    </main>
  );
}

interface NowProps {
  step: Step;
  busy: Signal<boolean>;
  problem: Signal<unknown>;
  attempt: (given: Given, code: string | null) => Promise<void>;
  back: () => void;
  come: (session: Session) => void;
}

function Now({ step, busy, problem, attempt, back, come }: NowProps) {
  const said = problem.value === null ? "" : wordsOfError(problem.value);
  if (step.is === "recovery")
    return (
      <>
        <h1>{words("factor.recovery_title")}</h1>
        <ShownOnce
          label={words("factor.recovery_hint")}
          texts={step.codes}
          doneWords={words("sign_in.go_on")}
          onDone={() => come(step.session)}
        />
      </>
    );
  if (step.is === "credentials") return <Credentials busy={busy.value} problem={said} attempt={attempt} />;
  const shared = {
    busy: busy.value,
    problem: said,
    onCode: (code: string) => attempt(step, code),
    onCancel: back,
  };
  if (step.is === "code") return <CodeForm {...shared} />;
  return (
    <>
      <h1>{words("sign_in.second_needed")}</h1>
      <p>{words("sign_in.second_needed_why")}</p>
      <FactorSetUp enrolment={step.enrolment} {...shared} />
    </>
  );
}

interface CredentialsProps {
  busy: boolean;
  problem: string;
  attempt: (given: Given, code: null) => Promise<void>;
}

function Credentials({ busy, problem, attempt }: CredentialsProps) {
  const login = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => login.current?.focus(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const given = { login: login.current?.value.trim() ?? "", password: password.current?.value ?? "" };
    await attempt(given, null);
    // Still here: it was wrong.
    if (password.current === null) return;
    password.current.value = "";
    password.current.focus();
  };
  const takesPasswords = waysIn.value?.password !== false;
  return (
    <form onSubmit={submit} aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">{words("sign_in.title")}</h1>
      {takesPasswords && (
        <>
          <label>
            <span>{words("sign_in.login")}</span>
            <input ref={login} name="login" autocomplete="username" autocapitalize="none" spellcheck={false} required />
          </label>
          <label>
            <span>{words("sign_in.password")}</span>
            <input ref={password} name="password" type="password" autocomplete="current-password" required />
          </label>
          <p class="problem" role="alert">
            {problem}
          </p>
          <button type="submit" class="button main" aria-disabled={busy}>
            {words(busy ? "sign_in.busy" : "sign_in.submit")}
          </button>
        </>
      )}
      <ProviderButtons />
      {takesPasswords && <p class="hint">{words("sign_in.hint")}</p>}
    </form>
  );
}
