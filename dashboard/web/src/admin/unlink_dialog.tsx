// Somebody is to sign in by a provider no more: asked once more, with what it means.

import { unlinkPerson } from "../api/admin";
import type { Issuer, Person } from "../api/schema";
import { Dialog } from "../parts/dialog";
import { words } from "../words/words";
import { useActing } from "./act";

export interface Unlinking {
  person: Person;
  issuer: Issuer;
}

interface Props extends Unlinking {
  onDone: (isUnlinked: boolean) => void;
}

export function UnlinkDialog({ person, issuer, onDone }: Props) {
  const { busy, problem, act } = useActing();
  const given = { name: person.name, provider: issuer.name };
  const unlink = async () => {
    if (await act(() => unlinkPerson(person.id, issuer.issuer))) onDone(true);
  };
  return (
    <Dialog title={words("people.unlink_sure", given)} onClose={() => onDone(false)}>
      <p>{words("people.unlink_means", given)}</p>
      {issuer.links && <p>{words("people.unlink_again", given)}</p>}
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <div class="row">
        <button type="button" class="button danger" aria-disabled={busy.value} onClick={unlink}>
          {words("people.unlink", given)}
        </button>
        <button type="button" class="button" onClick={() => onDone(false)}>
          {words("admin.cancel")}
        </button>
      </div>
    </Dialog>
  );
}
