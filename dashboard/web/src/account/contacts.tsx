// How one is told of alarms when nobody answers them: one's own channels, each tried and removed.

import { ContactTable, useContacts } from "../admin/channels";
import { LoadedState, Panel } from "../admin/panel";
import { user } from "../session";
import { words } from "../words/words";

export function OwnContactsPanel() {
  const listed = useContacts();
  const contacts = listed.loaded.value.value?.filter(({ user_id }) => user_id === user.value?.id);
  return (
    <Panel id="own-contacts" title={words("account.contacts")} hint={words("account.contacts_hint")}>
      <LoadedState loaded={listed.loaded} again={listed.reload} />
      {contacts?.length === 0 && <p>{words("account.no_contacts")}</p>}
      {contacts !== undefined && contacts.length > 0 && <ContactTable contacts={contacts} listed={listed} />}
      <p class="problem" role="alert">
        {listed.problem.value}
      </p>
    </Panel>
  );
}
