// The end of a shift: all of one's patients and their open alarms pass to a colleague who accepts.

import { computed, signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { acceptHandOver, offerHandOver, withdrawHandOver } from "../api/alarms";
import type { HandOver } from "../api/types";
import { Dialog } from "../parts/dialog";
import { PersonIcon } from "../parts/icons";
import { PeopleOptions } from "../parts/people_options";
import { user } from "../session";
import { everyone, learnHandOver, ward } from "../ward/ward";
import { plural, words, wordsOfError } from "../words/words";
import { sayFailure } from "./answer";
import { colleagues, learnColleagues } from "./colleagues";

export const isHandingOver = signal(false);
const mine = computed(() => everyone.value.filter(({ patient }) => patient.nurse?.id === user.value?.id));

/** Offers to whoever is signed in, and the own ones that wait. */
export function HandOverBanner() {
  const me = user.value?.id;
  const offers = (ward.value?.hand_overs ?? []).filter(({ from, to }) => to.id === me || from.id === me);
  return (
    <>
      {offers.map((offer) => (
        <Offer key={offer.id} offer={offer} isToMe={offer.to.id === me} />
      ))}
    </>
  );
}

function Offer({ offer, isToMe }: { offer: HandOver; isToMe: boolean }) {
  const busy = useSignal(false);
  const act = async (ask: (offer: HandOver) => Promise<HandOver>) => {
    if (busy.value) return;
    busy.value = true;
    try {
      learnHandOver(await ask(offer));
    } catch (error) {
      sayFailure(error);
    } finally {
      busy.value = false;
    }
  };
  const what = {
    patients: plural("counts.patients", offer.n_patients),
    alarms: plural("hand_over.alarms", offer.n_alarms),
  };
  return (
    <div class="hand-over" role="status">
      <PersonIcon />
      <span>
        {isToMe
          ? words("hand_over.offered", { name: offer.from.name, ...what })
          : words("hand_over.waits", { name: offer.to.name, ...what })}
      </span>
      {isToMe && (
        <button type="button" class="button main" aria-disabled={busy.value} onClick={() => act(acceptHandOver)}>
          {words("hand_over.accept")}
        </button>
      )}
      <button type="button" class="button" aria-disabled={busy.value} onClick={() => act(withdrawHandOver)}>
        {words(isToMe ? "hand_over.decline" : "hand_over.withdraw")}
      </button>
    </div>
  );
}

export function HandOverDialog() {
  if (!isHandingOver.value) return null;
  const close = () => {
    isHandingOver.value = false;
  };
  return (
    <Dialog title={words("hand_over.title")} onClose={close}>
      {mine.value.length === 0 ? <p class="nothing">{words("hand_over.none")}</p> : <Give onDone={close} />}
    </Dialog>
  );
}

function Give({ onDone }: { onDone: () => void }) {
  const to = useSignal("");
  const busy = useSignal(false);
  const problem = useSignal<string | null>(null);
  useEffect(learnColleagues, []);
  const give = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    if (to.value === "") {
      problem.value = words("hand_over.to_whom");
      return;
    }
    busy.value = true;
    try {
      learnHandOver(await offerHandOver(Number(to.value), null));
      onDone();
    } catch (error) {
      problem.value = wordsOfError(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="pause-form" onSubmit={give}>
      <p>{words("hand_over.means", { patients: plural("counts.patients", mine.value.length) })}</p>
      <ul class="hand-over-names">
        {mine.value.map(({ patient }) => (
          <li key={patient.id}>{patient.name}</li>
        ))}
      </ul>
      <label>
        <span>{words("hand_over.to")}</span>
        <select
          value={to.value}
          onChange={({ currentTarget: { value } }) => {
            to.value = value;
            problem.value = null;
          }}
        >
          <option value="">{words("hand_over.choose")}</option>
          <PeopleOptions people={(colleagues.value ?? []).filter(({ id }) => id !== user.value?.id)} />
        </select>
      </label>
      {problem.value !== null && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      <button type="submit" class="button main" aria-disabled={busy.value}>
        {words("hand_over.give")}
      </button>
    </form>
  );
}
