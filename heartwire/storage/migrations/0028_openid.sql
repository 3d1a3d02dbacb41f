-- Signing in elsewhere (docs/adr/0031): a sign-in on its way belongs to one provider; and what signing out there needs.

TRUNCATE sign_in_states;
ALTER TABLE sign_in_states ADD COLUMN provider text NOT NULL;
CREATE INDEX sign_in_states_expiry ON sign_in_states (expires_at);

-- Of sessions that began by a provider's word: whose, and the token that is shown to it when they end. Not for the pages
-- (`heartwire_pages` has no right to these columns).
ALTER TABLE sessions
    ADD COLUMN provider text,
    ADD COLUMN id_token text,
    ADD CONSTRAINT sessions_provider CHECK ((provider IS NULL) = (id_token IS NULL));
