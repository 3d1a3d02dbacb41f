// Another password.

import { useSignal } from "@preact/signals";
import { useActing } from "../admin/act";
import { Panel } from "../admin/panel";
import { changePassword } from "../api/account";
import { words } from "../words/words";
import { PasswordField, typed } from "./fields";

/** As the server asks (NIST SP 800-63B: length, no recipes). */
const LEAST = 10;
const MOST = 200;

export function PasswordPanel({ login, onChanged }: { login: string; onChanged: () => void }) {
  const { busy, problem, act } = useActing();
  const isDone = useSignal(false);
  const change = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    isDone.value = false;
    const fresh = typed(form, "new_password");
    if (fresh !== typed(form, "again")) {
      problem.value = words("account.not_the_same");
      return;
    }
    isDone.value = await act(() => changePassword(typed(form, "password"), fresh));
    if (!isDone.value) return;
    form.reset();
    onChanged();
  };
  return (
    <Panel id="password" title={words("account.password")} hint={words("account.password_hint")}>
      <form class="care-form" onSubmit={change}>
        {/* For password managers: whose it is. */}
        <span class="visually-hidden" aria-hidden="true">
          <input tabIndex={-1} autocomplete="username" value={login} readOnly />
        </span>
        <PasswordField />
        <Fresh name="new_password" label={words("account.password_new")} />
        <Fresh name="again" label={words("account.password_again")} />
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <p role="status">{isDone.value && words("account.password_changed")}</p>
        <div class="row">
          <button type="submit" class="button main" aria-disabled={busy.value}>
            {words("account.password_change")}
          </button>
        </div>
      </form>
    </Panel>
  );
}

function Fresh({ name, label }: { name: string; label: string }) {
  return (
    <label>
      <span>{label}</span>
      <input name={name} type="password" minLength={LEAST} maxLength={MOST} required autocomplete="new-password" />
    </label>
  );
}
