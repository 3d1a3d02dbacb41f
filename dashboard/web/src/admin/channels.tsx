// The ways by which people are reached: added, tried, removed; how each did the last time.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { addContact, getContacts, removeContact, testContact } from "../api/admin";
import { getColleagues } from "../api/alarms";
import type { Colleague, Contact } from "../api/schema";
import { PeopleOptions } from "../parts/people_options";
import { calledIn } from "../words/called";
import { dayAndTime } from "../words/numbers";
import { words } from "../words/words";
import { type Listed, useActing, useListed } from "./act";
import { LoadedState, Panel, Table } from "./panel";
import { type Question, Sure, SureButton } from "./sure";

const LOOK_MS = 1000;

/** Contacts as they are now; looked at again while a test is on its way. */
export function useContacts(): Listed<Contact[]> {
  const listed = useListed(getContacts);
  const isTesting = listed.loaded.value.value?.some(({ is_testing }) => is_testing) ?? false;
  // What becomes of a test is known within seconds.
  useEffect(() => {
    if (!isTesting) return;
    const timer = setInterval(listed.reload, LOOK_MS);
    return () => clearInterval(timer);
  }, [isTesting]);
  return listed;
}

export function ChannelsSection() {
  const listed = useContacts();
  const people = useListed(() => getColleagues());
  const contacts = listed.loaded.value.value;
  const colleagues = people.loaded.value.value;
  return (
    <Panel id="channels" title={words("channels.title")} hint={words("channels.hint")}>
      <LoadedState loaded={listed.loaded} again={listed.reload} />
      {contacts?.length === 0 && <p>{words("channels.none")}</p>}
      {contacts !== null && contacts.length > 0 && (
        <ContactTable contacts={contacts} listed={listed} called={calledIn(colleagues ?? [])} />
      )}
      <p class="problem" role="alert">
        {listed.problem.value}
      </p>
      <LoadedState loaded={people.loaded} again={people.reload} />
      {colleagues !== null && colleagues.length > 0 && <NewContactForm people={colleagues} done={listed.reload} />}
    </Panel>
  );
}

interface TableProps {
  contacts: Contact[];
  listed: Listed<unknown>;
  /** By id, where a name alone may not say who it is. */
  called?: ReadonlyMap<number, string>;
}

export function ContactTable({ contacts, listed, called }: TableProps) {
  const { busy, actAndReload, reload } = listed;
  const question = useSignal<Question | null>(null);
  const nameOf = (contact: Contact) => called?.get(contact.user_id) ?? contact.name;
  const calledFor = (contact: Contact) => ({ label: contact.label, name: nameOf(contact) });
  return (
    <>
      <Table
        label={words("channels.title")}
        heads={[words("on_call.who"), words("channels.label"), words("channels.kind"), words("channels.state"), ""]}
        rows={contacts.map((contact) => [
          nameOf(contact),
          contact.label,
          contact.scheme,
          <State key="state" contact={contact} />,
          <div key="acts" class="row">
            <button
              type="button"
              class="button"
              aria-disabled={busy.value || contact.is_testing}
              aria-label={words("channels.test_of", calledFor(contact))}
              onClick={() => contact.is_testing || actAndReload(() => testContact(contact.id))}
            >
              {words("channels.test")}
            </button>
            <SureButton
              question={question}
              label={words("channels.remove_of", calledFor(contact))}
              busy={busy}
              asks={{
                title: words("channels.remove_sure", calledFor(contact)),
                means: [words("channels.remove_means", calledFor(contact))],
                act: words("channels.remove"),
                work: () => removeContact(contact.id),
              }}
            />
          </div>,
        ])}
      />
      <Sure question={question} onDone={reload} />
    </>
  );
}

function State({ contact }: { contact: Contact }) {
  const { last, failing, is_testing } = contact;
  if (is_testing) return <span role="status">{words("channels.testing")}</span>;
  if (failing !== null)
    return (
      <span class="problem">
        {words("channels.failing", { time: dayAndTime(failing.since_us), problem: failing.problem })}
      </span>
    );
  if (last === null) return <span>{words("channels.never")}</span>;
  return <span role="status">{words("channels.reached", { time: dayAndTime(last.at_us) })}</span>;
}

function NewContactForm({ people, done }: { people: Colleague[]; done: () => void }) {
  const { busy, problem, act } = useActing();
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const text = (field: string) => String(given.get(field) ?? "").trim();
    const contact = { user_id: Number(text("user")), label: text("label"), address: text("address") };
    if (!(await act(() => addContact(contact)))) return;
    form.reset();
    done();
  };
  return (
    <form class="care-form" onSubmit={add}>
      <h3>{words("channels.new")}</h3>
      <label>
        <span>{words("on_call.who")}</span>
        <select name="user" required>
          <PeopleOptions people={people} />
        </select>
      </label>
      <label>
        <span>{words("channels.label")}</span>
        <input name="label" maxLength={100} required pattern=".*\S.*" autocomplete="off" />
      </label>
      <label>
        <span>{words("channels.address")}</span>
        <input
          name="address"
          maxLength={1000}
          required
          autocomplete="off"
          spellcheck={false}
          aria-describedby="channels-address-hint"
        />
      </label>
      <p class="nothing" id="channels-address-hint">
        {words("channels.address_hint")}
      </p>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <button type="submit" class="button main" aria-disabled={busy.value}>
        {words("channels.add")}
      </button>
    </form>
  );
}
