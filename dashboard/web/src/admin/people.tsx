// The people of the care team: who may sign in, as what, for which wards.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { resetFactor } from "../api/account";
import {
  addPerson,
  changePerson,
  disablePerson,
  enablePerson,
  getPeople,
  getWards,
  resetPassword,
  unlinkPerson,
} from "../api/admin";
import type { FreshPassword, Issuer, NewPerson, Person, WardRow } from "../api/schema";
import { user } from "../session";
import { calledIn } from "../words/called";
import { dayAndTime } from "../words/numbers";
import { ROLES, roleName } from "../words/roles";
import { words } from "../words/words";
import { useActing, useListed } from "./act";
import { LoadedState, Panel, Table } from "./panel";
import { type Question, Sure } from "./sure";

export function PeopleSection() {
  const fresh = useSignal<FreshPassword | null>(null);
  const changing = useSignal<number | null>(null);
  const question = useSignal<Question | null>(null);
  const { loaded, reload, busy, problem, actAndReload } = useListed(async (abort) => {
    const [{ people, issuers }, { wards }] = await Promise.all([getPeople(abort), getWards(abort)]);
    return { people, issuers, wards };
  });
  const found = loaded.value.value;
  const person = found?.people.find(({ id }) => id === changing.value);
  const names = calledIn(found?.people ?? []);
  const called = (one: Person) => names.get(one.id) ?? one.name;
  return (
    <Panel id="people" title={words("people.title")} hint={words("people.hint")}>
      <LoadedState loaded={loaded} again={reload} />
      {found !== null && (
        <Table
          label={words("people.title")}
          heads={[
            words("people.name"),
            words("people.login"),
            words("people.role"),
            words("people.wards"),
            words("people.seen"),
            "",
          ]}
          rows={found.people.map((one) => [
            one.name,
            <div key="login">
              <code class="whole">{one.login}</code>
              {one.second_factor && <span class="nothing"> {words("people.has_factor")}</span>}
              {issuersOf(one, found.issuers).map(({ issuer, name }) => (
                <div key={issuer} class="nothing">
                  {words("people.signs_in_by", { provider: name })}
                </div>
              ))}
            </div>,
            roleName(one.role),
            wardsOf(one, found.wards),
            one.disabled ? (
              <span key="off" class="problem">
                {words("people.disabled")}
              </span>
            ) : (
              seenOf(one)
            ),
            one.id !== user.value?.id && (
              <div key="acts" class="row">
                <Act name={called(one)} what="change" busy={busy} onClick={() => (changing.value = one.id)} />
                <Act
                  name={called(one)}
                  what="password"
                  busy={busy}
                  onClick={() => (question.value = asPassword(one, called(one), fresh))}
                />
                {one.second_factor && (
                  <Act
                    name={called(one)}
                    what="reset_factor"
                    busy={busy}
                    onClick={() => (question.value = asReset(one, called(one)))}
                  />
                )}
                {issuersOf(one, found.issuers).map((issuer) => (
                  <Act
                    key={issuer.issuer}
                    name={called(one)}
                    what="unlink"
                    provider={issuer.name}
                    busy={busy}
                    onClick={() => (question.value = asUnlinking(one, called(one), issuer))}
                  />
                ))}
                <Act
                  name={called(one)}
                  what={one.disabled ? "enable" : "disable"}
                  busy={busy}
                  onClick={() => actAndReload(() => (one.disabled ? enablePerson(one.id) : disablePerson(one.id)))}
                />
              </div>
            ),
          ])}
        />
      )}
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <Password fresh={fresh} />
      <Sure question={question} onDone={reload} />
      {found !== null && (
        <PersonForm
          key={changing.value ?? "new"}
          person={person}
          wards={found.wards}
          done={(made) => {
            fresh.value = made;
            changing.value = null;
            reload();
          }}
          cancel={() => {
            changing.value = null;
          }}
        />
      )}
    </Panel>
  );
}

/** Of a provider that the settings name no more there is only what it called itself. */
const issuersOf = (person: Person, known: readonly Issuer[]): Issuer[] =>
  person.issuers.map((issuer) => known.find((one) => one.issuer === issuer) ?? { issuer, name: issuer, links: false });

const asPassword = (person: Person, name: string, fresh: Signal<FreshPassword | null>): Question => ({
  title: words("people.password_sure", { name }),
  means: [words("people.password_means", { name })],
  act: words("people.password"),
  work: async () => {
    fresh.value = await resetPassword(person.id);
  },
});

const asReset = (person: Person, name: string): Question => ({
  title: words("people.reset_factor_sure", { name }),
  means: [words("people.reset_factor_means", { name })],
  act: words("people.reset_factor"),
  work: () => resetFactor(person.id),
});

function asUnlinking(person: Person, name: string, { issuer, name: provider, links }: Issuer): Question {
  const given = { name, provider };
  return {
    title: words("people.unlink_sure", given),
    means: [words("people.unlink_means", given), ...(links ? [words("people.unlink_again", given)] : [])],
    act: words("people.unlink", given),
    work: () => unlinkPerson(person.id, issuer),
  };
}

interface ActProps {
  name: string;
  what: "change" | "password" | "reset_factor" | "unlink" | "disable" | "enable";
  /** From whom somebody is disconnected. */
  provider?: string;
  busy: Signal<boolean>;
  onClick: () => void;
}

function Act({ name, what, provider = "", busy, onClick }: ActProps) {
  const act = words(`people.${what}`, { provider });
  return (
    <button
      type="button"
      class={what === "disable" || what === "reset_factor" ? "button danger" : "button"}
      aria-disabled={busy.value}
      aria-label={words("people.act_of", { act, name })}
      onClick={onClick}
    >
      {act}
    </button>
  );
}

function wardsOf(person: Person, wards: WardRow[]): string {
  if (person.wards === null) return words("on_call.all_wards");
  const names = wards.filter(({ id }) => person.wards?.includes(id)).map(({ name }) => name);
  return names.length === 0 ? words("people.no_ward") : names.join(", ");
}

const seenOf = (person: Person) => (person.seen_us === null ? words("tokens.never") : dayAndTime(person.seen_us));

/** What is shown once, to be told to its owner. */
function Password({ fresh }: { fresh: Signal<FreshPassword | null> }) {
  if (fresh.value === null) return null;
  const { person, password } = fresh.value;
  return (
    <div class="admin-secret" role="status">
      <p>{words("people.password_of", { name: person.name, login: person.login })}</p>
      <code>{password}</code>
      <div class="row">
        <button
          type="button"
          class="button"
          onClick={() => {
            fresh.value = null;
          }}
        >
          {words("secret.done")}
        </button>
      </div>
    </div>
  );
}

interface FormProps {
  /** Who is changed; undefined: a new one. */
  person: Person | undefined;
  wards: WardRow[];
  done: (made: FreshPassword | null) => void;
  cancel: () => void;
}

function PersonForm({ person, wards, done, cancel }: FormProps) {
  const { busy, problem, act } = useActing();
  const name = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // It is below the list: who chose a person goes on there.
    if (person !== undefined) name.current?.focus();
  }, []);
  const all = useSignal(person === undefined || person.wards === null);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const text = (field: string) => String(given.get(field) ?? "").trim();
    const rights = {
      name: text("name"),
      role: text("role") as NewPerson["role"],
      language: text("language") as NonNullable<NewPerson["language"]>,
      wards: all.value ? null : given.getAll("ward").map(Number),
    };
    let made: FreshPassword | null = null;
    const saved = await act(async () => {
      if (person === undefined) made = await addPerson({ ...rights, login: text("login") });
      else await changePerson(person.id, rights);
    });
    if (!saved) return;
    form.reset();
    done(made);
  };
  return (
    <form class="care-form" onSubmit={save}>
      <h3>{person === undefined ? words("people.new") : words("people.change_of", { name: person.name })}</h3>
      <label>
        <span>{words("people.name")}</span>
        <input
          ref={name}
          name="name"
          maxLength={120}
          required
          pattern=".*\S.*"
          autocomplete="off"
          defaultValue={person?.name ?? ""}
        />
      </label>
      {person === undefined && (
        <label>
          <span>{words("people.login")}</span>
          <input name="login" maxLength={64} required pattern="[!-~]+" autocomplete="off" spellcheck={false} />
        </label>
      )}
      <label>
        <span>{words("people.role")}</span>
        <select name="role">
          {ROLES.map((role) => (
            <option key={role} value={role} selected={role === (person?.role ?? "nurse")}>
              {words(`role.${role}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{words("people.language")}</span>
        <select name="language">
          {(["en", "fr", "de"] as const).map((code) => (
            <option key={code} value={code} selected={code === (person?.language ?? "en")}>
              {words(`people.language_${code}`)}
            </option>
          ))}
        </select>
      </label>
      <fieldset class="admin-choices">
        <legend>{words("people.wards")}</legend>
        <label>
          <input
            type="checkbox"
            checked={all.value}
            onChange={(event) => {
              all.value = event.currentTarget.checked;
            }}
          />
          <span>{words("on_call.all_wards")}</span>
        </label>
        {!all.value &&
          wards.map(({ id, name }) => (
            <label key={id}>
              <input type="checkbox" name="ward" value={id} defaultChecked={person?.wards?.includes(id) ?? false} />
              <span>{name}</span>
            </label>
          ))}
      </fieldset>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <div class="row">
        <button type="submit" class="button main" aria-disabled={busy.value}>
          {words(person === undefined ? "people.add" : "people.save")}
        </button>
        {person !== undefined && (
          <button type="button" class="button" onClick={cancel}>
            {words("admin.cancel")}
          </button>
        )}
      </div>
    </form>
  );
}
