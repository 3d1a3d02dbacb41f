// Which page is shown, and to whom.

import { AlarmBoard } from "./alarms/board";
import { CareDialog } from "./alarms/care_dialog";
import { caredFor } from "./alarms/caring";
import { HandOverDialog, isHandingOver } from "./alarms/hand_over";
import { SignInPage } from "./pages/sign_in";
import { SignInReturnPage } from "./pages/sign_in_return";
import { WardPage } from "./pages/ward";
import { Announcer } from "./parts/announcer";
import { later } from "./parts/later";
import { NoteLine } from "./parts/note";
import { route } from "./router";
import { signOut, startProblem, user } from "./session";
import { words, wordsOfError } from "./words/words";

const AccountPage = later(async () => (await import("./pages/account")).AccountPage);
const AddPatientPage = later(async () => (await import("./pages/add_patient")).AddPatientPage);
const AdminPage = later(async () => (await import("./pages/admin")).AdminPage);
const AlarmStoryPage = later(async () => (await import("./pages/alarm_story")).AlarmStoryPage);
const GlassPage = later(async () => (await import("./pages/glass")).GlassPage);
const NoticePage = later(async () => (await import("./pages/notice")).NoticePage);
const PairPage = later(async () => (await import("./pages/pair")).PairPage);
const PatientPage = later(async () => (await import("./pages/patient")).PatientPage);
const ReviewPage = later(async () => (await import("./pages/review")).ReviewPage);
const StatisticsPage = later(async () => (await import("./pages/statistics")).StatisticsPage);

export function App() {
  if (route.value.page === "notice") return <NoticePage key={route.value.token} token={route.value.token} />;
  if (route.value.page === "sign-in" && route.value.provider !== null) {
    return <SignInReturnPage provider={route.value.provider} />;
  }
  if (user.value === undefined) return <Starting />;
  if (user.value === null) return <SignInPage />;
  if (!user.value.permissions.includes("see_ward")) return <NotForYou />;
  return (
    <>
      <a class="skip" href="#main">
        {words("app.skip")}
      </a>
      <Page />
      <AlarmBoard />
      <CareDialog />
      <HandOverDialog />
      {caredFor.value === undefined && !isHandingOver.value && <NoteLine />}
      <Announcer />
    </>
  );
}

function Page() {
  const { value } = route;
  if (value.page === "patient") return <PatientPage key={value.id} id={value.id} />;
  if (value.page === "pair") return <PairPage key={value.id} id={value.id} />;
  if (value.page === "alarm") return <AlarmStoryPage key={value.id} id={value.id} />;
  if (value.page === "account") return <AccountPage />;
  if (value.page === "glass") return <GlassPage />;
  if (value.page === "add") return <AddPatientPage />;
  if (value.page === "admin") return <AdminPage section={value.section} />;
  if (value.page === "review") return <ReviewPage />;
  if (value.page === "statistics") return <StatisticsPage />;
  if (value.page === "unknown") return <Unknown />;
  return <WardPage />;
}

/** Somebody whose role shows nothing here: a patient has the own phone for it. */
function NotForYou() {
  return (
    <main class="centred" id="main">
      <h1>{words("app.not_for_you")}</h1>
      <p>{words("app.ask_for_rights")}</p>
      <button type="button" class="button main" onClick={() => signOut().catch(() => undefined)}>
        {words("person.sign_out")}
      </button>
    </main>
  );
}

function Starting() {
  return (
    <main class="centred" id="main">
      <p role="status">{startProblem.value === null ? words("app.starting") : wordsOfError(startProblem.value)}</p>
      {startProblem.value !== null && <p>{words("app.trying_again")}</p>}
    </main>
  );
}

function Unknown() {
  return (
    <main class="centred" id="main">
      <h1>{words("app.unknown")}</h1>
      <p>
        <a href="/ward">{words("app.to_ward")}</a>
      </p>
    </main>
  );
}
