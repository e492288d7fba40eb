// The Dash app customer-ltv under gunicorn, for tests that show it; what its pages must say, counted from the data; and, for tests
// of the app alone, what Loggia is to it: keys, tokens and introspection.
import { execFile, spawn } from 'node:child_process';
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './company.mjs';
import { root } from './stage.mjs';

const home = join(root, 'examples', 'dash');
const python = (name) => join(root, 'target', 'dash-venv', 'bin', name);
const prefix = '/dash/customer-ltv/';
const running = new Set();
process.on('exit', () => running.forEach((pid) => { try { process.kill(-pid, 'SIGKILL'); } catch { /* gone already */ } }));

/**
 * Starts the app on a free port of loopback, or on `port`, and waits until it is healthy.
 *
 * `issuer` is Loggia's address as its tokens say it (it has to listen on a port that was chosen before); `jwksUrl` and `introspectUrl` where they are not below it.
 * `legacy: { catalog, tenant }` runs it the way it was before Loggia, without tokens. `keepPrefix` has the app lie under
 * /dash/customer-ltv/ itself (strip_prefix: false); else at its root (strip_prefix: true). `tick` is how often its page updates.
 */
export async function serveDash({ port, issuer, jwksUrl, introspectUrl, legacy, keepPrefix = false, tick = 1000, settings = {} } = {}) {
  port ??= await freePort();
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(LOGGIA_|LTV_|DASH_)/.test(name)));
  const env = {
    ...own,
    PORT: String(port),
    DASH_REQUESTS_PATHNAME_PREFIX: prefix,
    LTV_TICK_MS: String(tick),
    ...(keepPrefix && { DASH_ROUTES_PATHNAME_PREFIX: prefix }),
    ...(issuer && { LOGGIA_DASH_ISSUER: issuer }),
    ...(jwksUrl && { LOGGIA_DASH_JWKS_URL: jwksUrl }),
    ...(introspectUrl && { LOGGIA_DASH_INTROSPECT_URL: introspectUrl }),
    ...(legacy && { LOGGIA_DASH_REQUIRED: 'false', LTV_CATALOG: legacy.catalog, LTV_TENANT: legacy.tenant }),
    ...settings,
  };
  await promisify(execFile)(python('python'), ['-m', 'customer_ltv.build'], { cwd: home, env });
  const url = `http://127.0.0.1:${port}`;
  const health = `${url}${keepPrefix ? prefix : '/'}_health`;
  let child, told = '';

  const start = async () => {
    child = spawn(python('gunicorn'), ['--config', 'gunicorn.conf.py', 'customer_ltv.app:server'], { cwd: home, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child.pid);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { told += chunk; });
    for (let tries = 0; tries < 600; tries += 1) {
      if (child.exitCode !== null) throw new Error(`gunicorn ended with ${child.exitCode}:\n${told}`);
      if (await fetch(health).then((answer) => answer.ok, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the app was not healthy within 60 s:\n${told}`);
  };
  const end = async (how) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, how);
    await gone;
    running.delete(child.pid);
  };

  await start();
  return {
    url,
    port,
    /** What it has written so far. */
    log: () => told,
    /** Gone at once, as in a crash; connections are cut. */
    kill: () => end('SIGKILL'),
    /** On the same port again. */
    restart: async () => { await end('SIGKILL'); await start(); },
    stop: () => end('SIGTERM'),
  };
}

const split = 4000; // cents of a first order: from there on it is acme-corp's customer
let customers;

/** What the page must say for a catalog and a choice (`all`, `once`, `again`) over its eighteen months, counted from the data. */
export function numbers(catalog, kind = 'all') {
  customers ??= Object.values(grouped(purchases()));
  const ours = customers
    .filter(([first]) => (first.cents >= split) === (catalog === 'kyros_acme_prod'))
    .filter((orders) => kind === 'all' || (kind === 'again') === (orders.length > 1));
  const cents = ours.flat().reduce((sum, order) => sum + order.cents, 0);
  const money = (amount) => `$${(amount / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return { customers: ours.length.toLocaleString('en-US'), average: money(cents / ours.length), revenue: money(cents) };
}

function purchases() {
  const [, ...lines] = gunzipSync(readFileSync(join(root, 'src', 'demo', 'data', 'cdnow.csv.gz'))).toString().trim().split('\n');
  return lines.map((line) => line.split(',')).map(([customer, , , amount]) => ({ customer, cents: Math.round(Number(amount) * 100) }));
}

function grouped(orders) {
  const groups = {};
  for (const order of orders) (groups[order.customer] ??= []).push(order);
  return groups;
}

/** What Loggia is to an app, for tests of the app alone: `token(tenant)` signs, `suspended` holds tenants that are good no more. */
export async function authority() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const tenants = {
    'acme-corp': { tenant_id: randomUUID(), uc_catalog: 'kyros_acme_prod' },
    'global-retail': { tenant_id: randomUUID(), uc_catalog: 'kyros_retail_prod' },
  };
  const suspended = new Set();
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/jwks.json') {
      response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] }));
    } else if (request.url === '/api/token/introspect' && request.method === 'POST') {
      const claims = claimsOf(new URLSearchParams(body).get('token'));
      response.end(JSON.stringify(suspended.has(claims.tenant) ? { active: false } : { active: true, ...claims }));
    } else {
      response.writeHead(404).end('{}');
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const token = (tenant, more = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer, aud: 'dash:customer-ltv', sub: randomUUID(), email: 'viewer@acme.example', role: 'viewer', tenant, env: 'prod',
      ...tenants[tenant], iat: now, nbf: now, exp: now + 600, jti: randomUUID(), ...more,
    };
    const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'one' })}.${part(claims)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  };
  return { issuer, token, suspended, close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) };
}
