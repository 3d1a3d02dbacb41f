// One's second factor: set up, its recovery codes, turned off.

import { useSignal } from "@preact/signals";
import { useActing } from "../admin/act";
import { Panel } from "../admin/panel";
import { beginFactor, confirmFactor, removeFactor, renewRecovery } from "../api/account";
import type { Enrolment, SecondFactor } from "../api/schema";
import { ShownOnce } from "../parts/shown_once";
import { dayAndTime } from "../words/numbers";
import { plural, words } from "../words/words";
import { FactorSetUp } from "./factor_set_up";
import { CodeField, PasswordField, typed } from "./fields";

/** So few recovery codes left that new ones are due. */
const FEW = 3;

export function SecondFactorPanel({ factor, onChanged }: { factor: SecondFactor; onChanged: () => void }) {
  const enrolment = useSignal<Enrolment | null>(null);
  const codes = useSignal<string[] | null>(null);
  const { busy, problem, act } = useActing();

  const begin = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    act(async () => {
      enrolment.value = await beginFactor(typed(form, "password"));
    });
  };
  const confirm = (code: string) =>
    act(async () => {
      codes.value = (await confirmFactor(code)).recovery_codes;
      enrolment.value = null;
      onChanged();
    });
  const change = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const isOff = event.submitter?.getAttribute("value") === "off";
    act(async () => {
      const [password, code] = [typed(form, "password"), typed(form, "code")];
      if (isOff) await removeFactor(password, code);
      else codes.value = (await renewRecovery(password, code)).recovery_codes;
      form.reset();
      onChanged();
    });
  };

  return (
    <Panel id="factor" title={words("factor.title")} hint={words("factor.hint")}>
      {codes.value !== null && (
        <ShownOnce
          label={words("factor.recovery_hint")}
          texts={codes.value}
          onDone={() => {
            codes.value = null;
          }}
        />
      )}
      {factor.since_us !== null ? (
        <form class="care-form" onSubmit={change}>
          <p>
            <strong>{words("factor.on", { time: dayAndTime(factor.since_us) })}</strong>{" "}
            {plural("factor.recovery_left", factor.recovery_left)}
            {factor.recovery_left < FEW && <span class="problem"> {words("factor.few")}</span>}
          </p>
          <PasswordField />
          <CodeField label={words("factor.code_or_recovery")} />
          <p class="problem" role="alert">
            {problem.value}
          </p>
          <div class="row">
            <button type="submit" class="button" value="codes" aria-disabled={busy.value}>
              {words("factor.renew")}
            </button>
            {factor.required ? (
              <p class="nothing">{words("factor.required")}</p>
            ) : (
              <button type="submit" class="button danger" value="off" aria-disabled={busy.value}>
                {words("factor.turn_off")}
              </button>
            )}
          </div>
        </form>
      ) : enrolment.value !== null ? (
        <FactorSetUp
          enrolment={enrolment.value}
          busy={busy.value}
          problem={problem.value}
          onCode={confirm}
          onCancel={() => {
            enrolment.value = null;
            problem.value = "";
          }}
        />
      ) : factor.available ? (
        <form class="care-form" onSubmit={begin}>
          <p>{words(factor.required ? "factor.off_required" : "factor.off")}</p>
          <PasswordField />
          <p class="problem" role="alert">
            {problem.value}
          </p>
          <div class="row">
            <button type="submit" class="button main" aria-disabled={busy.value}>
              {words("factor.begin")}
            </button>
          </div>
        </form>
      ) : (
        <p>{words("error.no_factor_key")}</p>
      )}
    </Panel>
  );
}
