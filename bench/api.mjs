// Every operation of both APIs with a hundred callers at once, beside the bare question whether the central database answers. Three are
// left out: `login` checks a password, which takes long on purpose and is done two at a time, `rotate-secret` makes a key, and
// `logout` ends the session it is asked by.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Caller, summary } from './load.mjs';
import { note } from './report.mjs';
import { root, serve, signIn } from './server.mjs';

const CALLERS = 100;
const CALLS = 2000;
/** Calls of each operation that changes something: a tenant, a person or a datastore each. */
const WRITES = 500;
const BOUND = 200;

/** What a tenant's token can read, by the path it asks. */
const READS = [
  '/api/me',
  '/api/v1/auth/me',
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
  const told = (name, { p50, p95, count, seconds }) =>
    note(`API, ${CALLERS} at once: \`${name}\`, p95`, p95, 'ms', { most: BOUND, beside: `p50 ${p50.toFixed(0)} ms, ${(count / seconds).toFixed(0)}/s; ${beside}` });
  const viewer = { cookie: await signIn(server.url, 'analyst@example.com', 'demo') };
  const token = await exchanged(server, viewer);
  const authorization = `Bearer ${token}`;
  for (const path of READS) told(path, await asked(server, path, { authorization }));
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const exchange = { tenant_id: 'acme-corp' };
  told('POST /api/token/exchange', await sent(server.url, viewer, 'POST', () => '/api/token/exchange', exchange));
  told('POST /api/token/introspect', await sent(server.url, form, 'POST', () => '/api/token/introspect', `token=${token}`));
  told('POST /api/v1/tenants/{id}/select', await sent(server.url, viewer, 'POST', () => '/api/v1/tenants/acme-corp/select'));
  // each another than the one before: the same again is not written
  const saved = (n) => ({ dashboard: 'default', filters: { severity: ['WARNING', 'ERROR', 'CRITICAL'][n % 3] } });
  told('POST /api/v1/preferences', await sent(server.url, { authorization }, 'POST', () => '/api/v1/preferences', saved));
  const operator = { cookie: await signIn(server.url, 'admin@example.com', 'demo') };
  await people(server, operator, told);
  await machines(server, operator, told);
}

/** What an operator does with people, each on a person of their own. */
async function people(server, operator, told) {
  const users = '/api/v1/admin/users';
  told(users, await asked(server, users, operator));
  const create = (n) => ({ email: `bench-${n}@example.com`, full_name: `Bench ${n}` });
  const made = await sent(server.url, operator, 'POST', () => users, create);
  told(`POST ${users}`, made);
  const ids = made.answers.map((answer) => answer.id);
  const one = (n) => `${users}/${ids[n % ids.length]}`;
  told(`${users}/{id}`, await sent(server.url, operator, 'GET', one));
  told(`PUT ${users}/{id}`, await sent(server.url, operator, 'PUT', one, (n) => ({ full_name: `Bench ${n}, anew` })));
  told(`POST ${users}/{id}/tenants`, await sent(server.url, operator, 'POST', (n) => `${one(n)}/tenants`, { tenant_id: 'acme-corp', role: 'viewer' }));
  told(`DELETE ${users}/{id}/tenants/{tenant}`, await sent(server.url, operator, 'DELETE', (n) => `${one(n)}/tenants/acme-corp`));
  told(`DELETE ${users}/{id}`, await sent(server.url, operator, 'DELETE', one));
}

/** What a machine does at the other listener, each on a tenant of its own. */
async function machines(server, operator, told) {
  const { id, secret } = await machine(server, operator);
  const form = `grant_type=client_credentials&client_id=${id}&client_secret=${secret}`;
  const tokens = await sent(server.internal, { 'content-type': 'application/x-www-form-urlencoded' }, 'POST', () => '/oauth/token', form);
  told('POST /oauth/token', tokens);
  const headers = { authorization: `Bearer ${tokens.answers[0].access_token}` };
  const at = async (method, name, path, body) => {
    const took = await sent(server.internal, headers, method, path, body);
    told(`${method} ${name}`, took);
    return took;
  };
  const slug = (n) => `bench-${n % WRITES}`;
  const tenants = '/admin/tenants';
  await at('POST', tenants, () => tenants, (n) => ({ slug: slug(n), name: `Bench ${n}` }));
  await at('GET', tenants, () => tenants);
  const one = (n) => `${tenants}/${slug(n)}`;
  await at('GET', `${tenants}/{id}`, one);
  await at('PUT', `${tenants}/{id}`, one, (n) => ({ name: `Bench ${n}, anew` }));
  await at('POST', `${tenants}/{id}/metadata`, (n) => `${one(n)}/metadata`, { branding: { accent: '#3B82F6' }, visible_components: ['revenue'] });
  await at('POST', `${tenants}/{id}/dashboards`, (n) => `${one(n)}/dashboards`, { dashboards: ['customer-ltv'] });
  const store = (n) => ({ env: 'prod', kind: 'postgres', host: 'db.example', database: 'd', user: 'u', password: `secret-${n}`, schema: 'public', uc_catalog: `bench_${n}` });
  const made = await at('POST', `${tenants}/{id}/datastores`, (n) => `${one(n)}/datastores`, store);
  await at('GET', `${tenants}/{id}/datastores`, (n) => `${one(n)}/datastores`);
  // each in the order it was made
  const its = (n) => `${tenants}/${made.places[n % WRITES]}/${made.answers[n % WRITES].id}`;
  await at('PUT', `${tenants}/{id}/datastores/{datastore}`, its, store);
  await at('DELETE', `${tenants}/{id}/datastores/{datastore}`, its);
  await at('DELETE', `${tenants}/{id}`, one);
}

/** A machine client that may do everything, as an operator makes one in the browser. */
async function machine(server, operator) {
  const caller = new Caller(server.url, { headers: operator });
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', 'accept-encoding': 'identity' };
  const answer = await caller.ask('/admin/clients/new', { method: 'POST', body: 'version=&name=Bench&scopes.admin=1', headers, keep: true });
  caller.close();
  const page = answer.body.toString();
  return { id: /mc_[\w-]+/.exec(page)[0], secret: /lgs_[\w-]+/.exec(page)[0] };
}

/** Many calls of one path over a hundred connections. */
async function asked(server, path, headers) {
  const callers = new Caller(server.url, { connections: CALLERS, headers });
  await callers.many(CALLERS, () => path);
  const took = await callers.many(CALLS, () => path);
  callers.close();
  return took;
}

/** Many calls that each send something, over a hundred connections; with what was answered, in the order of the paths asked. */
async function sent(url, headers, method, path, body) {
  const callers = new Caller(url, { connections: CALLERS, headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers, 'accept-encoding': 'identity' } });
  const [times, answers, places] = [[], [], []];
  let next = 0;
  const begun = performance.now();
  const caller = async () => {
    while (next < WRITES) {
      const n = next++;
      const what = typeof body === 'function' ? body(n) : body;
      const at = path(n);
      const text = what === undefined || typeof what === 'string' ? what : JSON.stringify(what);
      const answer = await callers.ask(at, { method, body: text, headers: text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }, keep: true });
      if (answer.status > 299) throw new Error(`${method} ${at} answered ${answer.status}: ${answer.body}`);
      times.push(answer.ms);
      answers[n] = answer.body.length > 0 ? JSON.parse(answer.body.toString()) : undefined;
      places[n] = at.replace(/^\/admin\/tenants\//, '');
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  callers.close();
  return { ...summary(times), seconds: (performance.now() - begun) / 1000, answers, places };
}

async function exchanged(server, headers) {
  const { answers } = await sent(server.url, headers, 'POST', () => '/api/token/exchange', { tenant_id: 'acme-corp' });
  return answers[0].access_token;
}
