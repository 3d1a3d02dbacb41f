// Other systems: the tokens by which they ask, and the webhooks by which they are told.

import { type Signal, useSignal } from "@preact/signals";
import { addToken, addWebhook, getTokens, getWebhooks, removeWebhook, revokeToken } from "../api/admin";
import type { FreshToken, FreshWebhook, Token, Webhook } from "../api/schema";
import type { Priority } from "../api/types";
import { ShownOnce } from "../parts/shown_once";
import { dayAndTime, dayOfMonth } from "../words/numbers";
import { plural, words } from "../words/words";
import { useListed } from "./act";
import { LoadedState, Panel, Table } from "./panel";
import { type Question, Sure, SureButton } from "./sure";

const SCOPES = ["see_ward", "see_patient", "export", "see_ledger", "see_statistics", "see_audit"] as const;
const DAYS = [7, 30, 90, 365] as const;
const PRIORITIES: readonly Priority[] = ["high", "medium", "low"];

export function SystemsSection() {
  return (
    <>
      <Tokens />
      <Webhooks />
    </>
  );
}

function Tokens() {
  const fresh = useSignal<FreshToken | null>(null);
  const question = useSignal<Question | null>(null);
  const { loaded, reload, busy, problem, actAndReload } = useListed(getTokens);
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const scopes = given.getAll("scope").map(String);
    const made = await actAndReload(async () => {
      fresh.value = await addToken(String(given.get("name")).trim(), scopes, Number(given.get("days")));
    });
    if (made) clearTexts(form);
  };
  const tokens = loaded.value.value;
  return (
    <Panel id="tokens" title={words("tokens.title")} hint={words("tokens.hint")}>
      <LoadedState loaded={loaded} again={reload} />
      {tokens?.length === 0 && <p>{words("tokens.none")}</p>}
      {tokens !== null && tokens.length > 0 && (
        <Table
          label={words("tokens.title")}
          heads={[words("tokens.name"), words("tokens.may"), words("tokens.used"), words("tokens.until"), ""]}
          rows={tokens.map((token) => [
            token.name,
            token.scopes.map((scope) => words(`scope.${scope as (typeof SCOPES)[number]}`)).join(", "),
            token.used_us === null ? words("tokens.never") : dayAndTime(token.used_us),
            untilOf(token),
            token.revoked_us === null && (
              <SureButton
                key="revoke"
                question={question}
                label={words("tokens.revoke_of", { name: token.name })}
                busy={busy}
                asks={{
                  title: words("tokens.revoke_sure", { name: token.name }),
                  means: [words("tokens.revoke_means")],
                  act: words("tokens.revoke"),
                  work: () => revokeToken(token.id),
                }}
              />
            ),
          ])}
        />
      )}
      <Sure question={question} onDone={reload} />
      <Secret fresh={fresh} label={words("tokens.secret")} />
      <form class="care-form" onSubmit={add}>
        <h3>{words("tokens.new")}</h3>
        <label>
          <span>{words("tokens.name")}</span>
          <input name="name" maxLength={80} required pattern=".*\S.*" autocomplete="off" />
        </label>
        <fieldset class="admin-choices">
          <legend>{words("tokens.may")}</legend>
          {SCOPES.map((scope) => (
            <label key={scope}>
              <input type="checkbox" name="scope" value={scope} defaultChecked={scope === "see_ward"} />
              <span>{words(`scope.${scope}`)}</span>
            </label>
          ))}
        </fieldset>
        <label>
          <span>{words("tokens.days")}</span>
          <select name="days">
            {DAYS.map((days) => (
              <option key={days} value={days} selected={days === 90}>
                {plural("tokens.for_days", days)}
              </option>
            ))}
          </select>
        </label>
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="button main" aria-disabled={busy.value}>
          {words("tokens.make")}
        </button>
      </form>
    </Panel>
  );
}

/** Make room for the next one; what was chosen stays. */
function clearTexts(form: HTMLFormElement): void {
  for (const input of form.querySelectorAll<HTMLInputElement>("input[name=name], input[name=url]")) input.value = "";
}

function untilOf(token: Token): string {
  if (token.revoked_us !== null) return words("tokens.revoked", { time: dayAndTime(token.revoked_us) });
  const isOver = token.expires_us < Date.now() * 1000;
  return isOver ? words("tokens.over", { day: dayOfMonth(token.expires_us) }) : dayAndTime(token.expires_us);
}

/** What is shown once, to be taken away by hand. */
function Secret({ fresh, label }: { fresh: Signal<FreshToken | FreshWebhook | null>; label: string }) {
  if (fresh.value === null) return null;
  const done = () => {
    fresh.value = null;
  };
  return <ShownOnce label={label} texts={[fresh.value.secret]} onDone={done} />;
}

function Webhooks() {
  const fresh = useSignal<FreshWebhook | null>(null);
  const question = useSignal<Question | null>(null);
  const { loaded, reload, busy, problem, actAndReload } = useListed(getWebhooks);
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const text = (field: string) => String(given.get(field)).trim();
    const priorities = given.getAll("priority").map(String);
    const made = await actAndReload(async () => {
      fresh.value = await addWebhook(text("name"), text("url"), priorities);
    });
    if (made) clearTexts(form);
  };
  const webhooks = loaded.value.value;
  return (
    <Panel id="webhooks" title={words("webhooks.title")} hint={words("webhooks.hint")}>
      <LoadedState loaded={loaded} again={reload} />
      {webhooks?.length === 0 && <p>{words("webhooks.none")}</p>}
      {webhooks !== null && webhooks.length > 0 && (
        <Table
          label={words("webhooks.title")}
          heads={[
            words("tokens.name"),
            words("webhooks.url"),
            words("webhooks.priorities"),
            words("webhooks.state"),
            "",
          ]}
          rows={webhooks.map((webhook) => [
            webhook.name,
            <code key="url">{webhook.url}</code>,
            webhook.priorities.length === 0
              ? words("webhooks.all")
              : webhook.priorities.map((priority) => words(`priority.${priority as Priority}`)).join(", "),
            stateOf(webhook),
            <SureButton
              key="remove"
              question={question}
              label={words("webhooks.remove_of", { name: webhook.name })}
              busy={busy}
              asks={{
                title: words("webhooks.remove_sure", { name: webhook.name }),
                means: [words("webhooks.remove_means")],
                act: words("webhooks.remove"),
                work: () => removeWebhook(webhook.id),
              }}
            />,
          ])}
        />
      )}
      <Sure question={question} onDone={reload} />
      <Secret fresh={fresh} label={words("webhooks.secret")} />
      <form class="care-form" onSubmit={add}>
        <h3>{words("webhooks.new")}</h3>
        <label>
          <span>{words("tokens.name")}</span>
          <input name="name" maxLength={80} required pattern=".*\S.*" autocomplete="off" />
        </label>
        <label>
          <span>{words("webhooks.url")}</span>
          <input name="url" type="url" maxLength={500} required pattern="https://.+" autocomplete="off" />
        </label>
        <fieldset class="admin-choices">
          <legend>{words("webhooks.priorities")}</legend>
          {PRIORITIES.map((priority) => (
            <label key={priority}>
              <input type="checkbox" name="priority" value={priority} defaultChecked />
              <span>{words(`priority.${priority}`)}</span>
            </label>
          ))}
        </fieldset>
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="button main" aria-disabled={busy.value}>
          {words("webhooks.make")}
        </button>
      </form>
    </Panel>
  );
}

function stateOf(webhook: Webhook) {
  if (webhook.failing_us === null)
    return webhook.sent_us === null
      ? words("webhooks.nothing_yet")
      : words("webhooks.sent", { time: dayAndTime(webhook.sent_us) });
  return (
    <span class="problem">
      {words("webhooks.failing", { time: dayAndTime(webhook.failing_us), problem: webhook.problem })}{" "}
      {plural("webhooks.behind", webhook.behind)}
    </span>
  );
}
