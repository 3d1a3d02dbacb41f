// The pages begin here.

import { computed, effect, untracked } from "@preact/signals";
import { render } from "preact";
import { beginTellingShown } from "./alarms/shown";
import { beginSound } from "./alarms/sound";
import { getCalls } from "./api/patients";
import { App } from "./app";
import { waitMs } from "./live/backoff";
import { connect, disconnect } from "./live/connection";
import { beginAnnouncing } from "./parts/announcer";
import { bringAll } from "./parts/later";
import { followLinks, route } from "./router";
import { begin, user, wasSignedIn } from "./session";
import "./styles/index.css";
import { markTheme } from "./theme";
import { forgetWard, ward, watchedOf } from "./ward/ward";
import { zoneOfHospital, zoneOfPatient } from "./ward/zones";
import { forgetLeads } from "./wave/leads";
import { markDocument } from "./words/language";
import { calls, titleDocument, words } from "./words/words";
import { followZone } from "./words/zone";

const BRING_AFTER_MS = 2000;

markTheme();
markDocument();
followLinks();
followZone(() => {
  const { value } = route;
  const isOfPatient = value.page === "patient" || value.page === "pair";
  return isOfPatient ? zoneOfPatient(value.id) : zoneOfHospital();
});
titleDocument(() => {
  const { value } = route;
  if (value.page === "notice") return words("title.notice");
  if (!user.value) return words("title.sign_in");
  if (value.page === "account") return words("title.account");
  if (value.page === "glass") return words("title.glass");
  if (value.page === "add") return words("title.add");
  if (value.page === "alarm") return words("title.story");
  if (value.page === "admin") return words("title.admin");
  if (value.page === "review") return words("title.review");
  if (value.page === "statistics") return words("title.statistics");
  const name = value.page === "patient" || value.page === "pair" ? watchedOf(value.id)?.patient.name : undefined;
  return name === undefined ? words("title.ward") : words("title.patient", { name });
});

async function learnCalls(attempt = 0): Promise<void> {
  try {
    calls.value = new Map((await getCalls()).map((call) => [call.code, call]));
  } catch {
    // Until then alarms are named by their code.
    if (user.value) setTimeout(learnCalls, waitMs(attempt, Math.random()), attempt + 1);
  }
}

/** As in `user`: undefined is not known yet, null is nobody. */
const who = computed(() => (user.value === null ? null : user.value?.id));
effect(() => {
  const isSomebody = typeof who.value === "number";
  untracked(() => {
    if (isSomebody) {
      learnCalls();
      connect();
    } else {
      disconnect();
      forgetWard();
      forgetLeads();
    }
  });
});

/** The other pages' code comes when the first picture has been drawn. */
const stopWaiting = effect(() => {
  if (ward.value === null) return;
  stopWaiting();
  setTimeout(bringAll, BRING_AFTER_MS);
});

beginSound();
beginTellingShown();
beginAnnouncing();
const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no #app");
render(<App />, place);
// Who comes back from a provider is about to become somebody.
if (route.peek().page !== "sign-in" || location.pathname === "/sign-in") {
  // While the server is asked who this is, the picture is on its way.
  if (wasSignedIn()) connect();
  begin();
}
