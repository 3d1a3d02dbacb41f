// Requests to the server: pairing, and the patient's own data with the device's credential.

import type { Credential } from "../link/link";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** `snake_case`; its words are `error.<code>` in the catalogues. `unreachable` when nobody answered. */
    readonly code: string,
    readonly params: Readonly<Record<string, string | number>> = {},
  ) {
    super(`${status} ${code}`);
  }
}

const PATIENCE_MS = 15_000;

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...init,
    });
  } catch {
    throw new ApiError(0, "unreachable");
  }
  if (response.ok) return response;
  let error: { code: string; params?: Record<string, string | number> };
  try {
    ({ error } = (await response.json()) as { error: typeof error });
  } catch {
    // A proxy or a dying server may answer without our JSON.
    throw new ApiError(response.status, "unexpected");
  }
  throw new ApiError(response.status, error.code, error.params);
}

export async function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return (await (await request(path, { method: "POST", headers, body: JSON.stringify(body) })).json()) as T;
}

export function get(path: string, { username, password }: Credential): Promise<Response> {
  return request(path, { headers: { Authorization: `Basic ${btoa(`${username}:${password}`)}` } });
}

export async function getJson<T>(path: string, credential: Credential): Promise<T> {
  return (await (await get(path, credential)).json()) as T;
}
