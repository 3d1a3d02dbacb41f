// The app begins here.

import { render } from "preact";
import { App } from "./app";
import { codeOf } from "./pairing/code";
import { givenCode } from "./pairing/pair";
import { followWords, sync } from "./patient";
import { followAddress } from "./router";
import { run, tellStorage, whenNews } from "./runtime";
import { readStore } from "./store";
import "./styles/index.css";
import { markTheme } from "./theme";
import { markDocument } from "./words/language";
import { words } from "./words/words";

markTheme();
markDocument(() => words("app.name"));
followAddress();

// A code in the address is used once, and leaves the address at once: it must not stay in the history.
const code = codeOf(location.search);
if (location.search !== "") history.replaceState(null, "", location.pathname + location.hash);
givenCode.value = code;

const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no #app");
render(<App />, place);

whenNews(() => void sync());
void readStore().then(() => {
  followWords();
  run();
}, tellStorage);
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/phone/sw.js", { scope: "/phone/" });
