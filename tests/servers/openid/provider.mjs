// An OpenID provider on loopback, for tests: oidc-provider (certified by the OpenID Foundation), with people whom a file
// lists. One argument: a JSON file with `port`, `keys` (a JWKS, private), `client` and `people` (by login: claims). The claims are read anew at each sign-in, so that a test changes what a provider says.

import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const file = process.argv[2];
const read = () => JSON.parse(readFileSync(file, "utf8"));
const { port, keys, client } = read();
// Another site than the pages', which tests ask for at 127.0.0.1: cookies are kept apart as they will be.
const issuer = `http://localhost:${port}`;

const provider = new Provider(issuer, {
  jwks: keys,
  clients: [client],
  cookies: { keys: ["a test's own"] },
  claims: { openid: ["sub"], profile: ["preferred_username", "name", "locale", "groups", "wards"], email: ["email", "email_verified"] },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  pkce: { required: () => true },
  ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Interaction: 600, Session: 600, Grant: 600 },
  // Nobody is asked whether a hospital's own application may know him.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
  findAccount: (_context, id) => {
    const claims = read().people[id];
    return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
  },
});
provider.listen(port, "127.0.0.1", () => console.log("listening"));
