// Fields for what only one person knows or has.

import type { RefObject } from "preact";
import { words } from "../words/words";

interface CodeProps {
  input?: RefObject<HTMLInputElement | null>;
  label: string;
  /** Digits alone; otherwise a recovery code may be typed, too. */
  ofApp?: boolean;
}

export function CodeField({ input, label, ofApp = false }: CodeProps) {
  return (
    <label>
      <span>{label}</span>
      <input
        {...(input && { ref: input })}
        name="code"
        maxLength={64}
        required
        inputMode={ofApp ? "numeric" : "text"}
        autocomplete="one-time-code"
        autocapitalize="none"
        spellcheck={false}
      />
    </label>
  );
}

export function PasswordField({ label = words("account.password_now") }: { label?: string }) {
  return (
    <label>
      <span>{label}</span>
      <input name="password" type="password" maxLength={1000} required autocomplete="current-password" />
    </label>
  );
}

/** What was typed into a field of a form. */
export const typed = (form: HTMLFormElement, field: string): string => String(new FormData(form).get(field) ?? "");
