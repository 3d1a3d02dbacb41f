// One's own account.

import { useSignal } from "@preact/signals";
import { OwnContactsPanel } from "../account/contacts";
import { PasswordPanel } from "../account/password";
import { SecondFactorPanel } from "../account/second_factor";
import { OwnSessionsPanel } from "../account/sessions";
import { useListed } from "../admin/act";
import { LoadedState, Panel } from "../admin/panel";
import { mayAct } from "../alarms/caring";
import { getAccount } from "../api/account";
import { SubPage } from "../parts/sub_page";
import { words } from "../words/words";

export function AccountPage() {
  const changes = useSignal(0);
  const { loaded, reload } = useListed(getAccount, String(changes.value));
  const account = loaded.value.value;
  const changed = () => {
    changes.value++;
  };
  return (
    <SubPage back="/ward" backWords={words("patient.back")} class="one-thing account">
      <h1>{words("account.title")}</h1>
      <LoadedState loaded={loaded} again={reload} />
      {account !== null &&
        (account.has_password ? (
          <>
            <SecondFactorPanel factor={account.second_factor} onChanged={changed} />
            <PasswordPanel login={account.login} onChanged={changed} />
          </>
        ) : (
          <Panel id="elsewhere" title={words("account.password")} hint={words("account.elsewhere")}>
            {null}
          </Panel>
        ))}
      <OwnSessionsPanel again={changes.value} />
      {mayAct.value && <OwnContactsPanel />}
    </SubPage>
  );
}
