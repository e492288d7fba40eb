// Every endpoint of the API with a hundred callers at once, beside the bare question whether the central database answers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Caller } from './load.mjs';
import { note } from './report.mjs';
import { root, serve, signIn } from './server.mjs';

const CALLERS = 100;
const CALLS = 2000;
const BOUND = 200;

/** What a tenant's token can ask, by the path it asks. */
const READS = [
  '/api/me',
  '/api/v1/tenants',
  '/api/v1/dashboards',
  '/api/v1/dashboards/default',
  '/api/v1/panels/requests_now/data',
  '/api/v1/panels/cpu_by_instance/data',
  '/api/v1/panels/cpu_by_instance/data?start_date=now-8h',
  '/api/v1/panels/services/data',
  '/api/v1/panels/recent_errors/data?sort=service&page_size=50',
  '/api/v1/custom/daily-summary?dashboard=overview',
  '/api/v1/reports/requests_now',
  '/api/v1/reports/recent_errors/export?format=json',
  '/api/v1/preferences',
  '/openapi.json',
];

export async function api() {
  const home = await mkdtemp(join(tmpdir(), 'loggia-bench-api-'));
  // A hundred callers are one address here.
  const place = { cwd: home, env: { LOGGIA_DATA_DIR: join(home, 'data'), LOGGIA_TENANTS_DIR: join(root, 'tenants'), LOGGIA_RATE_LIMIT__ENABLED: 'false' } };
  const server = await serve(['--demo'], place);
  try {
    await measure(server);
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(server) {
  const bare = await asked(server, '/ready', {});
  const beside = `bare SELECT 1: p95 ${bare.p95.toFixed(0)} ms`;
  const viewer = { cookie: await signIn(server.url, 'analyst@example.com', 'demo') };
  const authorization = `Bearer ${await token(server, viewer)}`;
  for (const path of READS) {
    const { p50, p95, count, seconds } = await asked(server, path, { authorization });
    note(`API, ${CALLERS} at once: \`${path}\`, p95`, p95, 'ms', { most: BOUND, beside: `p50 ${p50.toFixed(0)} ms, ${(count / seconds).toFixed(0)}/s; ${beside}` });
  }
  const operator = { cookie: await signIn(server.url, 'admin@example.com', 'demo') };
  const people = await asked(server, '/api/v1/admin/users', operator);
  note(`API, ${CALLERS} at once: \`/api/v1/admin/users\`, p95`, people.p95, 'ms', { most: BOUND, beside });
  const given = await exchanged(server, viewer);
  note(`API, ${CALLERS} at once: \`POST /api/token/exchange\`, p95`, given, 'ms', { most: BOUND, beside: 'each signs and is written into the audit' });
}

/** Many calls of one path over a hundred connections. */
async function asked(server, path, headers) {
  const callers = new Caller(server.url, { connections: CALLERS, headers });
  await callers.many(CALLERS, () => path);
  const took = await callers.many(CALLS, () => path);
  callers.close();
  return took;
}

const JSON_BODY = { method: 'POST', body: '{"tenant_id": "acme-corp"}', headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' } };

async function token(server, headers) {
  const caller = new Caller(server.url, { headers });
  const answer = await caller.ask('/api/token/exchange', { ...JSON_BODY, keep: true, headers: { ...JSON_BODY.headers, 'accept-encoding': 'identity' } });
  caller.close();
  return JSON.parse(answer.body.toString()).access_token;
}

async function exchanged(server, headers) {
  const callers = new Caller(server.url, { connections: CALLERS, headers });
  const times = [];
  const one = async () => { for (let n = 0; n < 5; n += 1) times.push((await callers.ask('/api/token/exchange', JSON_BODY)).ms); };
  await Promise.all(Array.from({ length: CALLERS }, one));
  callers.close();
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)];
}
