// Requests to the server, and its errors as codes whose words are in the catalogues.

import { signal } from "@preact/signals";

/** Set after sign-in; every request that changes something must carry it. */
export const csrfToken = signal<string | null>(null);

/** Called when the server says that nobody is signed in. */
let onSignedOut: () => void = () => undefined;
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** `snake_case`; its words are `error.<code>` in the catalogues. */
    readonly code: string,
    readonly params: Record<string, unknown> = {},
  ) {
    super(`${status} ${code}`);
  }
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

async function request(method: Method, path: string, body?: unknown, abort?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json, application/octet-stream" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken.value !== null) headers["X-CSRF-Token"] = csrfToken.value;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      body: body === undefined ? null : JSON.stringify(body),
      signal: abort ?? null,
    });
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === "AbortError") throw problem;
    throw new ApiError(0, "unreachable");
  }
  if (response.ok) return response;
  const error = await readError(response);
  if (error.code === "not_signed_in") onSignedOut();
  throw error;
}

async function readError(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: string; params?: Record<string, unknown> } };
    return new ApiError(response.status, error.code, error.params);
  } catch {
    // A proxy or a dying server may answer without our JSON.
    return new ApiError(response.status, "unexpected", { status: response.status });
  }
}

export async function getJson<T>(path: string, abort?: AbortSignal): Promise<T> {
  return (await (await request("GET", path, undefined, abort)).json()) as T;
}

export async function getBytes(path: string, abort?: AbortSignal): Promise<ArrayBuffer> {
  return (await request("GET", path, undefined, abort)).arrayBuffer();
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
  return (await (await request("POST", path, body)).json()) as T;
}

export async function put<T>(path: string, body: unknown): Promise<T> {
  return (await (await request("PUT", path, body)).json()) as T;
}

/** For what answers with nothing. */
export async function postOnly(path: string, body?: unknown): Promise<void> {
  await request("POST", path, body);
}

export async function putOnly(path: string, body: unknown): Promise<void> {
  await request("PUT", path, body);
}

export async function remove(path: string): Promise<Response> {
  return request("DELETE", path);
}
