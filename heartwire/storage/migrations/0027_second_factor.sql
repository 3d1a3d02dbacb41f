-- Whoever knows a password tries codes no longer than this counts to (dashboard/second_factor.py): wrong ones in a row.

ALTER TABLE user_factors ADD COLUMN failures integer NOT NULL DEFAULT 0;
