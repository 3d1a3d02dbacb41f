// Pairing, one thing at a time: the code, who one is, the wearable, the heart.

import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "../api/http";
import type { Looked } from "../api/types";
import { Choices } from "../parts/choices";
import { LiveLine } from "../parts/live_line";
import { StrapChooser } from "../parts/strap_chooser";
import { look, pair } from "../patient";
import { contact, heartRate, session, strapState } from "../store";
import { hasBluetooth } from "../wearables/strap";
import { followPatient } from "../words/language";
import { span, words, wordsOfError } from "../words/words";
import { CODE_LENGTH, cleanCode, spacedCode } from "./code";
import { canScan, Scan } from "./scan";

/** A code that came with the link. */
export const givenCode = signal<string | null>(null);
/** Somebody who is paired, or was, wants to enter a code. */
export const wantsCode = signal(false);
/** Whether the steps after the code are still to be done. */
export const isPairing = signal(false);

const looked = signal<{ code: string; who: Looked } | null>(null);
const problem = signal<string | null>(null);

function tellProblem(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
  const retry = error.params["retry_s"];
  problem.value = wordsOfError(error.code, { span: typeof retry === "number" ? span(retry) : "" });
}

export function Pair() {
  const heading = useRef<HTMLDivElement>(null);
  const step = stepOf();
  useEffect(() => heading.current?.focus(), [step]);
  return (
    <main class="pair" id="main">
      <div ref={heading} tabIndex={-1}>
        {step === "code" && <Code />}
        {step === "who" && <Who />}
        {step === "strap" && <ChooseStrap />}
        {step === "see" && <See />}
      </div>
      {step === "code" && <Choices />}
    </main>
  );
}

function stepOf(): "code" | "who" | "strap" | "see" {
  if (looked.value !== null) return "who";
  if (!isPairing.value) return "code";
  return strapState.value === "none" ? "strap" : "see";
}

function Code() {
  const typed = useSignal("");
  const isBusy = useSignal(false);
  const isScanning = useSignal(false);
  const isRefusedCamera = useSignal(false);
  const input = useRef<HTMLInputElement>(null);

  const tryCode = async (code: string) => {
    if (isBusy.value) return;
    isBusy.value = true;
    problem.value = null;
    try {
      const who = await look(code);
      followPatient(who.language);
      looked.value = { code, who };
    } catch (error) {
      tellProblem(error);
      input.current?.focus();
    } finally {
      isBusy.value = false;
      givenCode.value = null;
    }
  };
  useEffect(() => {
    if (givenCode.value === null) return;
    wantsCode.value = true;
    typed.value = givenCode.value;
    void tryCode(givenCode.value);
  }, []);

  const submit = (event: Event) => {
    event.preventDefault();
    if (typed.value.length === CODE_LENGTH) void tryCode(typed.value);
    else {
      problem.value = words("pair.too_short");
      input.current?.focus();
    }
  };
  const change = (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    typed.value = cleanCode(field.value);
    field.value = spacedCode(typed.value);
    problem.value = null;
  };
  const found = (code: string) => {
    isScanning.value = false;
    typed.value = code;
    void tryCode(code);
  };
  const closeScan = (isRefused: boolean) => {
    isScanning.value = false;
    if (!isRefused) return;
    problem.value = words("pair.no_camera");
    isRefusedCamera.value = true;
  };
  useEffect(() => {
    // The field is there again only now: what is typed instead goes there.
    if (!isScanning.value && isRefusedCamera.value) input.current?.focus();
    isRefusedCamera.value = false;
  }, [isScanning.value]);

  if (isScanning.value) return <Scan found={found} close={closeScan} />;
  return (
    <form onSubmit={submit} noValidate>
      <h1>{words("pair.title")}</h1>
      <p id="code-help">{words("pair.help")}</p>
      <label for="code">{words("pair.code")}</label>
      <input
        ref={input}
        id="code"
        class="code"
        value={spacedCode(typed.value)}
        onInput={change}
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        aria-describedby="code-help code-problem"
        aria-invalid={problem.value !== null}
      />
      <p class="problem" id="code-problem" role="alert">
        {problem.value}
      </p>
      <button type="submit" class="button main" aria-disabled={isBusy.value}>
        {words(isBusy.value ? "pair.busy" : "pair.next")}
      </button>
      {canScan() && (
        <button
          type="button"
          class="button"
          onClick={() => {
            problem.value = null;
            isScanning.value = true;
          }}
        >
          {words("pair.scan")}
        </button>
      )}
      {session.value && (
        <button
          type="button"
          class="button"
          onClick={() => {
            wantsCode.value = false;
          }}
        >
          {words("pair.cancel")}
        </button>
      )}
    </form>
  );
}

function Who() {
  const isBusy = useSignal(false);
  if (looked.value === null) return null;
  const { code, who } = looked.value;
  const before = session.value;
  const yes = async () => {
    if (isBusy.value) return;
    isBusy.value = true;
    try {
      await pair(code, who);
      isPairing.value = true;
      wantsCode.value = false;
    } catch (error) {
      tellProblem(error);
    } finally {
      isBusy.value = false;
      looked.value = null;
    }
  };
  const no = () => {
    looked.value = null;
    problem.value = words("pair.not_me");
  };
  return (
    <section>
      <h1>{words("pair.who", { patient: who.patient })}</h1>
      <p class="lead">{words("pair.ward", { ward: who.ward })}</p>
      <p class="lead">{words("pair.is_it_you")}</p>
      {before && !before.isRevoked && <p>{words("pair.replaces", { patient: before.patient })}</p>}
      <button type="button" class="button main" onClick={yes} aria-disabled={isBusy.value}>
        {words(isBusy.value ? "pair.busy" : "pair.yes")}
      </button>
      <button type="button" class="button" onClick={no}>
        {words("pair.no")}
      </button>
    </section>
  );
}

const finish = () => {
  isPairing.value = false;
  location.hash = "#now";
};

function ChooseStrap() {
  if (!hasBluetooth()) {
    return (
      <section>
        <h1>{words("strap.impossible_title")}</h1>
        <p>{words("strap.impossible")}</p>
        <button type="button" class="button main" onClick={finish}>
          {words("pair.done")}
        </button>
      </section>
    );
  }
  return (
    <section>
      <h1>{words("strap.title")}</h1>
      <p>{words("strap.put_on")}</p>
      <StrapChooser />
      <button type="button" class="button" onClick={finish}>
        {words("strap.later")}
      </button>
    </section>
  );
}

function See() {
  const isOn = strapState.value === "on";
  // A strap on the table sends, too: a heart is seen when the strap has found its beat.
  const isSeen = isOn && contact.value === "good" && (heartRate.value?.bpm ?? 0) > 0;
  return (
    <section>
      <h1>{words(isSeen ? "see.title" : isOn ? "see.looking" : "see.connecting")}</h1>
      <LiveLine />
      <p>{words(isSeen ? "see.text" : "see.wait")}</p>
      <button type="button" class={isSeen ? "button main" : "button"} onClick={finish}>
        {words("pair.done")}
      </button>
    </section>
  );
}
