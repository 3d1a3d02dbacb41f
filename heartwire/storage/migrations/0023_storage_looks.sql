-- How much was stored when, and how much room there was: what remains is shown (P11), and how fast it goes.
-- Of the whole installation, so nobody's tenant. `parts` is bytes by kind of data.
CREATE TABLE storage_looks (
    at timestamptz PRIMARY KEY DEFAULT clock_timestamp(),
    n_bytes bigint NOT NULL,
    free_bytes bigint,
    parts jsonb NOT NULL
);

-- How long dead letters are kept is nobody's; everybody who is somebody may see it.
CREATE POLICY nobodys ON retention_policies FOR SELECT
    USING (tenant_id IS NULL AND (SELECT seen_tenant()) IS NOT NULL);
