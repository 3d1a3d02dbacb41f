// Whether this browser is told of alarms when no page is open: Web Push, signed up by the person and taken back.

import { signal } from "@preact/signals";
import { ApiError, getJson, post, remove } from "../api/http";

/** `unsupported`: no push here (an old browser, a page without TLS); `refused`: the person told the browser so. */
export type PushState = "unsupported" | "refused" | "off" | "on" | "busy";

export const pushState = signal<PushState>("busy");
export const pushProblem = signal<unknown>(null);

const KEY = "heartwire.push_contact";

interface Contact {
  id: number;
}

const isSupported = (): boolean =>
  isSecureContext && "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;

const worker = async (): Promise<ServiceWorkerRegistration> => {
  await navigator.serviceWorker.register("/sw.js");
  return navigator.serviceWorker.ready;
};

/** A key as the server writes it, base64url, in bytes. */
export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const padded = base64url
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .padEnd(Math.ceil(base64url.length / 4) * 4, "=");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}

/** Find out how it stands; asks the person nothing. */
export async function learnPush(): Promise<void> {
  pushProblem.value = null;
  if (!isSupported()) pushState.value = "unsupported";
  else if (Notification.permission === "denied") pushState.value = "refused";
  else {
    const registered = await navigator.serviceWorker.getRegistration("/");
    const subscribed = await registered?.pushManager.getSubscription();
    pushState.value = subscribed && localStorage.getItem(KEY) !== null ? "on" : "off";
  }
}

async function subscribe(): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") {
    pushState.value = Notification.permission === "denied" ? "refused" : "off";
    return;
  }
  await forgetContact();
  const { key } = await getJson<{ key: string }>("/api/push-key");
  const { pushManager } = await worker();
  const before = await pushManager.getSubscription();
  await before?.unsubscribe(); // of another key, or of somebody who was signed in here before
  const subscribed = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
  const { endpoint, keys } = subscribed.toJSON();
  const contact = await post<Contact>("/api/contacts", { label: deviceName(), subscription: { endpoint, keys } });
  localStorage.setItem(KEY, String(contact.id));
  pushState.value = "on";
}

/** What this browser was signed up as before; an administrator may have deleted it. */
async function forgetContact(): Promise<void> {
  const id = localStorage.getItem(KEY);
  if (id === null) return;
  try {
    await remove(`/api/contacts/${id}`);
  } catch (problem) {
    if (!(problem instanceof ApiError && problem.code === "not_found")) throw problem;
  }
  localStorage.removeItem(KEY);
}

async function unsubscribe(): Promise<void> {
  await forgetContact();
  const registered = await navigator.serviceWorker.getRegistration("/");
  await (await registered?.pushManager.getSubscription())?.unsubscribe();
  pushState.value = "off";
}

/** Sign this device up, or off again. */
export async function switchPush(): Promise<void> {
  const before = pushState.value;
  pushState.value = "busy";
  pushProblem.value = null;
  try {
    await (before === "on" ? unsubscribe() : subscribe());
  } catch (problem) {
    pushProblem.value = problem;
    pushState.value = before;
  }
}

/** Who signs out is told nothing more on this device: the next one here may be anybody. */
export async function leavePush(): Promise<void> {
  if (localStorage.getItem(KEY) !== null) await unsubscribe();
}

/** Let the channel prove itself: a test message to this device. */
export async function testPush(): Promise<void> {
  pushProblem.value = null;
  try {
    await post(`/api/contacts/${localStorage.getItem(KEY)}/test`);
  } catch (problem) {
    pushProblem.value = problem;
  }
}

/** "Chrome, Android": by what a person tells his devices apart in a list. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = ["Firefox", "Edg", "Chrome", "Safari"].find((name) => agent.includes(name)) ?? "Browser";
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"].find((name) => agent.includes(name)) ?? "";
  return [browser === "Edg" ? "Edge" : browser, system].filter(Boolean).join(", ");
}
