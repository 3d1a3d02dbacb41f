import { describe, expect, it } from "vitest";
import { readBrought } from "./elsewhere";

describe("what a provider puts into the address", () => {
  it("is a state with a code or an error, and nothing else", () => {
    expect(readBrought("?code=c%2B1&state=s&iss=https%3A%2F%2Fid.example&session_state=x")).toEqual({
      code: "c+1",
      state: "s",
      iss: "https://id.example",
    });
    expect(readBrought("?error=access_denied&error_description=%3Cb%3E&state=s")).toEqual({
      error: "access_denied",
      state: "s",
    });
  });

  it("is nothing without a state, or with a state alone", () => {
    expect(readBrought("")).toBeNull();
    expect(readBrought("?code=c")).toBeNull();
    expect(readBrought("?state=s")).toBeNull();
  });
});
