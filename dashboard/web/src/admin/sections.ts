// What there is to administer, and who may.

import { user } from "../session";

export const SECTIONS = [
  { id: "people", permission: "manage_people" },
  { id: "wards", permission: "manage_wards" },
  { id: "devices", permission: "manage_devices" },
  { id: "on-call", permission: "manage_rosters" },
  { id: "channels", permission: "manage_rosters" },
  { id: "storage", permission: "manage_retention" },
  { id: "systems", permission: "manage_api" },
  { id: "sessions", permission: "manage_people" },
  { id: "audit", permission: "see_audit" },
] as const;

export type Section = (typeof SECTIONS)[number]["id"];

export const may = (permission: string): boolean => user.value?.permissions.includes(permission) ?? false;

/** The sections that who is signed in may see. */
export const openSections = () => SECTIONS.filter(({ permission }) => may(permission));

export const adminPath = (section: Section) => `/admin/${section}`;
