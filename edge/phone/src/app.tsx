// Which screen is shown, and to whom.

import { givenCode, isPairing, Pair, wantsCode } from "./pairing/pair";
import { NavBar } from "./parts/nav_bar";
import { screen } from "./router";
import { Feel, isTelling } from "./screens/feel";
import { Heart } from "./screens/heart";
import { Messages } from "./screens/messages";
import { Now } from "./screens/now";
import { Revoked } from "./screens/revoked";
import { isElsewhere, isWithoutStorage, session } from "./store";
import { words } from "./words/words";

export function App() {
  const { value } = session;
  if (isElsewhere.value) return <Plain title={words("elsewhere.title")} text={words("elsewhere.text")} />;
  if (isWithoutStorage.value) return <Plain title={words("storage.title")} text={words("storage.text")} />;
  if (value === undefined) return <Plain title={words("app.name")} text={words("app.starting")} />;
  if (value === null || isPairing.value || wantsCode.value || givenCode.value !== null) return <Pair />;
  if (value.isRevoked) return <Revoked />;
  return (
    <>
      <main id="main" tabIndex={-1}>
        <Shown />
      </main>
      {!isTelling.value && <NavBar />}
    </>
  );
}

function Shown() {
  switch (screen.value) {
    case "feel":
      return <Feel />;
    case "messages":
      return <Messages />;
    case "heart":
      return <Heart />;
    default:
      return <Now />;
  }
}

function Plain({ title, text }: { title: string; text: string }) {
  return (
    <main class="plain" id="main">
      <h1>{title}</h1>
      <p>{text}</p>
    </main>
  );
}
