-- runs --
-- The last run that is over, and the last that came through.
SELECT r.*
FROM (
    (SELECT * FROM canary_runs WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1)
    UNION
    (SELECT * FROM canary_runs WHERE ended_at IS NOT NULL AND failed_stage IS NULL ORDER BY ended_at DESC LIMIT 1)
) AS r
ORDER BY r.ended_at DESC;
