// Setting up a second factor: the secret as a QR code and as text, and the app's first code that confirms it.

import { useEffect, useRef } from "preact/hooks";
import type { Enrolment } from "../api/schema";
import { QrCode } from "../pairing/qr";
import { words } from "../words/words";
import { CodeField } from "./fields";

interface Props {
  enrolment: Enrolment;
  busy: boolean;
  problem: string;
  onCode: (code: string) => Promise<unknown>;
  onCancel: () => void;
}

export function FactorSetUp({ enrolment, busy, problem, onCode, onCancel }: Props) {
  const code = useRef<HTMLInputElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    await onCode(code.current?.value ?? "");
    // Still here: it was wrong.
    code.current?.select();
    code.current?.focus();
  };
  return (
    <form class="care-form factor-set-up" onSubmit={submit}>
      <h2 ref={title} tabIndex={-1}>
        {words("factor.set_up")}
      </h2>
      <ol>
        <li>{words("factor.step_app")}</li>
        <li>
          {words("factor.step_scan")}
          <QrCode text={enrolment.uri} label={words("factor.qr")} />
          <details>
            <summary>{words("factor.cannot_scan")}</summary>
            <p>{words("factor.step_type")}</p>
            <code class="factor-secret">{enrolment.secret}</code>
          </details>
        </li>
        <li>
          <CodeField input={code} label={words("factor.step_code")} ofApp />
        </li>
      </ol>
      <p class="problem" role="alert">
        {problem}
      </p>
      <div class="row">
        <button type="submit" class="button main" aria-disabled={busy}>
          {words("factor.confirm")}
        </button>
        <button type="button" class="button" onClick={onCancel}>
          {words("admin.cancel")}
        </button>
      </div>
    </form>
  );
}
