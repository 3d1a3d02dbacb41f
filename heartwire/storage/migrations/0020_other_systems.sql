-- Other systems: tokens by which they ask, webhooks by which they are told (docs/adr/0029).

-- A token is somebody of the role `system`: its name stands in the audit trail, `ward_members` bounds what it sees. It has
-- no password, so nobody signs in as it. `scopes` are permissions.
CREATE TABLE api_tokens (
    token_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    user_id bigint NOT NULL UNIQUE REFERENCES users,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by bigint NOT NULL REFERENCES users,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by bigint REFERENCES users,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

-- Where events of alarms are sent, in the ledger's order: everything up to `sent_seq` has arrived. Empty lists: all.
CREATE TABLE webhooks (
    webhook_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenants,
    name text NOT NULL,
    url text NOT NULL,
    secret bytea NOT NULL,
    kinds text[] NOT NULL,
    priorities text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by bigint NOT NULL REFERENCES users,
    removed_at timestamptz,
    removed_by bigint REFERENCES users,
    sent_seq bigint NOT NULL DEFAULT 0,
    sent_at timestamptz,
    failing_since timestamptz,
    failures integer NOT NULL DEFAULT 0,
    problem text NOT NULL DEFAULT '',
    try_again_at timestamptz,
    CHECK ((removed_at IS NULL) = (removed_by IS NULL)),
    CHECK ((failing_since IS NULL) = (failures = 0))
);
CREATE INDEX webhooks_live ON webhooks (tenant_id) WHERE removed_at IS NULL;

ALTER TABLE users
    DROP CONSTRAINT users_role_check,
    ADD CONSTRAINT users_role_check
        CHECK (role IN ('nurse', 'physician', 'technician', 'admin', 'patient', 'tester', 'system'));
