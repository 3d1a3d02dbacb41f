// Whose password alone does not do.

import { useSignal } from "@preact/signals";
import { getFactorRoles, setFactorRoles } from "../api/account";
import { ROLES, roleName } from "../words/roles";
import { words } from "../words/words";
import { useListed } from "./act";
import { LoadedState, Panel } from "./panel";

export function FactorRolesPanel() {
  const { loaded, reload, busy, problem, actAndReload } = useListed(getFactorRoles);
  const isSaved = useSignal(false);
  const found = loaded.value.value;
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    isSaved.value = false;
    isSaved.value = await actAndReload(() => setFactorRoles(new FormData(form).getAll("role").map(String)));
  };
  return (
    <Panel id="factor-roles" title={words("factor_roles.title")} hint={words("factor_roles.hint")}>
      <LoadedState loaded={loaded} again={reload} />
      {found?.available === false && <p>{words("error.no_factor_key")}</p>}
      {found?.available && (
        <form class="care-form" onSubmit={save}>
          <fieldset class="admin-choices">
            <legend>{words("people.role")}</legend>
            {ROLES.map((role) => (
              <label key={role}>
                <input type="checkbox" name="role" value={role} defaultChecked={found.roles.includes(role)} />
                <span>{roleName(role)}</span>
              </label>
            ))}
          </fieldset>
          <p class="problem" role="alert">
            {problem.value}
          </p>
          <p role="status">{isSaved.value && words("factor_roles.saved")}</p>
          <div class="row">
            <button type="submit" class="button main" aria-disabled={busy.value}>
              {words("people.save")}
            </button>
          </div>
        </form>
      )}
    </Panel>
  );
}
