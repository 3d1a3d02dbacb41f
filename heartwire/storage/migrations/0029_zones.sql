-- In which zone a hospital lives, as the IANA names it: what is no ward's is told in it, and a new ward begins with it
-- (docs/adr/0032).
CREATE TABLE hospital_zones (
    tenant_id integer PRIMARY KEY REFERENCES tenants,
    zone text NOT NULL CHECK (zone <> '')
);
-- What most of the wards that there are live in.
INSERT INTO hospital_zones (tenant_id, zone)
SELECT DISTINCT ON (tenant_id) tenant_id, zone FROM wards
GROUP BY tenant_id, zone
ORDER BY tenant_id, count(*) DESC, zone;

CREATE FUNCTION zone_of_hospital(hospital integer) RETURNS text LANGUAGE sql STABLE AS $body$
    SELECT coalesce((SELECT zone FROM hospital_zones WHERE tenant_id = hospital), 'UTC')
$body$;

-- As in 0015, but that a ward is in the hospital's zone until somebody says otherwise.
CREATE OR REPLACE FUNCTION place_patient() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    SELECT ward_id INTO NEW.ward_id FROM wards WHERE tenant_id = NEW.tenant_id AND name = NEW.ward;
    IF NOT FOUND AND NEW.ward <> '' AND NEW.tenant_id IS NOT NULL THEN
        INSERT INTO wards (tenant_id, name, zone) VALUES (NEW.tenant_id, NEW.ward, zone_of_hospital(NEW.tenant_id))
        ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name
        RETURNING ward_id INTO NEW.ward_id;
    END IF;
    RETURN NEW;
END
$body$;
