-- note --
-- A look, at most one an hour; older ones than the trend needs go.
WITH gone AS (DELETE FROM storage_looks WHERE at < now() - interval '90 days')
INSERT INTO storage_looks (n_bytes, free_bytes, parts)
SELECT %(n_bytes)s, %(free_bytes)s, %(parts)s
WHERE NOT EXISTS (SELECT FROM storage_looks WHERE at > now() - interval '55 minutes' AND at <= now());

-- newest --
SELECT at, n_bytes, free_bytes, parts FROM storage_looks ORDER BY at DESC LIMIT 1;

-- growth --
-- Bytes a day between the newest look and the oldest of the week before it; none until there is a quarter of a day.
SELECT (n.n_bytes - o.n_bytes) / (extract(epoch FROM n.at - o.at) / 86400)::float8
FROM (SELECT at, n_bytes FROM storage_looks ORDER BY at DESC LIMIT 1) AS n
CROSS JOIN LATERAL (
    SELECT at, n_bytes FROM storage_looks WHERE at > n.at - interval '7 days' ORDER BY at LIMIT 1
) AS o
WHERE n.at - o.at >= interval '6 hours';
