// The second step of signing in: a code of the app, or a recovery code of who lost it.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { CodeField } from "../account/fields";
import { words } from "../words/words";

interface Props {
  busy: boolean;
  problem: string;
  onCode: (code: string) => Promise<unknown>;
  onCancel: () => void;
}

export function CodeForm({ busy, problem, onCode, onCancel }: Props) {
  const code = useRef<HTMLInputElement>(null);
  const isRecovery = useSignal(false);
  useEffect(() => {
    if (code.current === null) return;
    code.current.value = "";
    code.current.focus();
  }, [isRecovery.value]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    await onCode(code.current?.value ?? "");
    // Still here: it was wrong.
    code.current?.select();
    code.current?.focus();
  };
  const label = words(isRecovery.value ? "sign_in.recovery_code" : "sign_in.code");
  return (
    <form onSubmit={submit} aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">{words("sign_in.second")}</h1>
      <p>{words(isRecovery.value ? "sign_in.recovery_hint" : "sign_in.code_hint")}</p>
      <CodeField input={code} label={label} ofApp={!isRecovery.value} />
      <p class="problem" role="alert">
        {problem}
      </p>
      <button type="submit" class="button main" aria-disabled={busy}>
        {words(busy ? "sign_in.busy" : "sign_in.submit")}
      </button>
      <button
        type="button"
        class="button"
        onClick={() => {
          isRecovery.value = !isRecovery.value;
        }}
      >
        {words(isRecovery.value ? "sign_in.use_app" : "sign_in.use_recovery")}
      </button>
      <button type="button" class="button" onClick={onCancel}>
        {words("sign_in.back")}
      </button>
    </form>
  );
}
