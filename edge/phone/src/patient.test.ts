import { beforeEach, expect, it, vi } from "vitest";
import { getJson } from "./api/http";
import { followWords, press, sync, tellMore, write } from "./patient";
import { say } from "./runtime";
import { presses, said, session, setPresses, setSaid, unsent } from "./store";

vi.hoisted(() => {
  vi.stubGlobal("navigator", { onLine: true, languages: ["en"] });
});
// The outbox and the server stand behind these two; what is tested is what the patient is told of his words.
vi.mock("./runtime", () => ({ say: vi.fn(), stopAgent: vi.fn(), dropOutbox: vi.fn() }));
vi.mock("./api/http", async (original) => ({ ...(await original<typeof import("./api/http")>()), getJson: vi.fn() }));

let seq = 0;

/** An outbox is there: what is said waits in it. */
function openOutbox(waiting: readonly string[] = []): void {
  vi.mocked(say).mockImplementation(() => {
    const name = `7/${seq++}`;
    if (unsent.value !== null) unsent.value = new Set([...unsent.value, name]);
    return name;
  });
  unsent.value = new Set(waiting);
}

function closeOutbox(): void {
  vi.mocked(say).mockReturnValue("");
  unsent.value = null;
}

followWords();

beforeEach(() => {
  seq = 0;
  closeOutbox();
  vi.mocked(say).mockClear();
  setPresses([]);
  setSaid([]);
});

it("calls a press received when the outbox has let go of it, and not before", () => {
  openOutbox();
  press();
  expect(presses.value[0]?.isReceived).toBe(false);
  unsent.value = new Set();
  expect(presses.value[0]?.isReceived).toBe(true);
  tellMore(presses.value[0]?.press ?? "", ["dizzy"], "");
  expect(presses.value[0]?.isReceived).toBe(false);
});

it("says what was said before there was an outbox as soon as there is one", () => {
  const id = press();
  write("I am in the cellar");
  expect(presses.value[0]?.isReceived).toBe(false);
  expect(vi.mocked(say)).toHaveBeenCalledTimes(2);
  openOutbox();
  expect(vi.mocked(say)).toHaveBeenCalledTimes(4);
  expect(vi.mocked(say)).toHaveBeenCalledWith("symptom", { press: id, chips: [], note: "" }, presses.value[0]?.tUs);
  expect(presses.value[0]?.event).not.toBe("");
  unsent.value = new Set();
  expect([presses.value[0]?.isReceived, said.value[0]?.isReceived]).toEqual([true, true]);
});

it("says again what a page that was closed never got to the disk, and only that", () => {
  openOutbox();
  press();
  const event = presses.value[0]?.event ?? "";
  write("kept");
  const kept = said.value[0]?.event ?? "";
  closeOutbox();
  vi.mocked(say).mockClear();
  openOutbox([kept]);
  expect(vi.mocked(say)).toHaveBeenCalledTimes(1);
  expect(presses.value[0]?.event).not.toBe(event);
  expect(presses.value[0]?.isReceived).toBe(false);
  expect(said.value[0]?.event).toBe(kept);
});

it("asks the server once more when there was news while it asked", async () => {
  session.value = {
    credential: { device: "d", username: "d", password: "", client_id: "c", topic_prefix: "", broker_ws_url: "" },
    patient: "Marie D.",
    ward: "B",
    emergencyNumber: "112",
    strap: "",
    isRevoked: false,
  };
  let asked = 0;
  vi.mocked(getJson).mockImplementation(async (path) => {
    if (!path.endsWith("messages")) {
      return { patient: "Marie D.", ward: "B", emergency_number: "112", now_us: Date.now() * 1000, zone: "Asia/Tokyo" };
    }
    asked++;
    if (asked === 1) void sync();
    return { messages: [], seen: [], more: false };
  });
  await sync();
  expect(asked).toBe(2);
  expect(session.value.zone).toBe("Asia/Tokyo");
});
