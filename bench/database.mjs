// The tenant's database: a week of twelve metrics by the minute, health checks, errors, deployments; and a role that may only read.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export const METRICS = ['cpu', 'memory', 'disk_read', 'disk_write', 'network_in', 'network_out', 'requests', 'errors', 'latency', 'queue', 'sessions', 'saturation'];
export const DAYS = 7;

/** The newest of Debian's PostgreSQL programs. */
export function program(name) {
  const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(a) - Number(b));
  return join('/usr/lib/postgresql', versions.at(-1), 'bin', name);
}

/** Runs SQL with the rights of the address; gives what it printed. */
export function sql(url, text) {
  const done = spawnSync(program('psql'), ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', url], { input: text, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`psql: ${done.stderr}`);
  return done.stdout.trim();
}

/** Makes the database anew beside the server's own; gives the owner's address and the reader's. */
export function make(server) {
  sql(server, `DROP DATABASE IF EXISTS loggia_bench WITH (FORCE);
DROP ROLE IF EXISTS loggia_bench_reader;
CREATE DATABASE loggia_bench;
CREATE ROLE loggia_bench_reader LOGIN;`);
  const owner = new URL(server);
  owner.pathname = '/loggia_bench';
  sql(owner.href, SCHEMA);
  const reader = new URL(owner);
  reader.username = 'loggia_bench_reader';
  return { owner: owner.href, reader: reader.href };
}

const SCHEMA = `
CREATE TABLE metrics (recorded_at timestamptz NOT NULL, metric text NOT NULL, server text NOT NULL, value float8);
INSERT INTO metrics
  SELECT t, m, 'web-1', 50 + 30 * sin(extract(epoch FROM t) / 5000 + length(m)) + 10 * sin(extract(epoch FROM t) * 7 + ascii(m))
  FROM generate_series(date_trunc('minute', now()) - interval '${DAYS} days', date_trunc('minute', now()), interval '1 minute') AS t,
       unnest(ARRAY[${METRICS.map((name) => `'${name}'`).join(', ')}]) AS m;
CREATE INDEX ON metrics (metric, recorded_at) INCLUDE (value);

CREATE TABLE checks (name text NOT NULL, status int NOT NULL, checked_at timestamptz NOT NULL, error text);
INSERT INTO checks
  SELECT 'service-' || s, CASE WHEN (s * 7 + extract(epoch FROM t)::bigint / 300) % 97 = 0 THEN 2 ELSE 0 END, t,
         CASE WHEN (s * 7 + extract(epoch FROM t)::bigint / 300) % 97 = 0 THEN 'no answer within 2 s' END
  FROM generate_series(now() - interval '1 day', now(), interval '5 minutes') AS t, generate_series(1, 20) AS s;
CREATE INDEX ON checks (name, checked_at DESC);

CREATE TABLE errors (happened_at timestamptz NOT NULL, service text NOT NULL, severity text NOT NULL, message text NOT NULL, count int NOT NULL);
INSERT INTO errors
  SELECT now() - n * interval '30 seconds', 'service-' || (n % 20 + 1), CASE n % 5 WHEN 0 THEN 'CRITICAL' ELSE 'ERROR' END,
         'upstream answered 50' || (n % 4) || ' to GET /api/orders/' || n, n % 40 + 1
  FROM generate_series(1, 20000) AS n;
CREATE INDEX ON errors (happened_at);

CREATE TABLE deployments (happened_at timestamptz NOT NULL, service text NOT NULL, version text NOT NULL, who text NOT NULL);
INSERT INTO deployments
  SELECT now() - n * interval '40 minutes', 'service-' || (n % 20 + 1), 'v' || 1000 - n, 'team-' || (n % 6) FROM generate_series(1, 250) AS n;

CREATE TABLE hosts (name text PRIMARY KEY, zone text NOT NULL, cores int NOT NULL, load float8 NOT NULL, free_bytes bigint NOT NULL);
INSERT INTO hosts SELECT 'host-' || n, 'zone-' || (n % 3), 4 * (n % 8 + 1), (n * 37 % 100) / 10.0, n * 7919::bigint * 100000 FROM generate_series(1, 200) AS n;

VACUUM ANALYZE;
REVOKE ALL ON DATABASE loggia_bench FROM PUBLIC;
GRANT CONNECT ON DATABASE loggia_bench TO loggia_bench_reader;
GRANT USAGE ON SCHEMA public TO loggia_bench_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO loggia_bench_reader;
`;
