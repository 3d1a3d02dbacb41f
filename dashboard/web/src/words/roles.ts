// What people are here, in words.

import { words } from "./words";

/** Those who can be given to somebody at the pages. */
export const ROLES = ["nurse", "physician", "technician", "admin", "tester"] as const;
type Role = (typeof ROLES)[number];

export const roleName = (role: string): string =>
  (ROLES as readonly string[]).includes(role) ? words(`role.${role as Role}`) : role;
