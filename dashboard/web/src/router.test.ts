import { expect, it } from "vitest";
import { parseRoute } from "./router";

it.each([
  ["/", { page: "ward" }],
  ["/ward", { page: "ward" }],
  ["/sign-in", { page: "sign-in", provider: null }],
  ["/sign-in/hospital", { page: "sign-in", provider: "hospital" }],
  ["/sign-in/hospital/x", { page: "unknown" }],
  ["/patient/42", { page: "patient", id: 42 }],
  ["/admin", { page: "admin", section: null }],
  ["/admin/storage", { page: "admin", section: "storage" }],
  ["/admin/../x", { page: "unknown" }],
  ["/account", { page: "account" }],
  ["/glass", { page: "glass" }],
  ["/alarm/7", { page: "alarm", id: 7 }],
  ["/alarm/7/x", { page: "unknown" }],
  ["/patient/", { page: "unknown" }],
  ["/patient/1x", { page: "unknown" }],
  ["/patient/1234567890123456", { page: "unknown" }],
])("%s", (path, route) => {
  expect(parseRoute(path)).toEqual(route);
});
