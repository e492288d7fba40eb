// Signing in with a real Keycloak, started with the realm of deploy/keycloak.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serve, browse, person, root } from './stage.mjs';
import { eventually, freePort, journey, outEverywhere, signInWith } from './company.mjs';

const SECRETS = { LOGGIA_CLIENT_SECRET: 'a secret of the tests', LOGGIA_PIPELINE_SECRET: 'another one', LOGGIA_TEST_PASSWORD: 'let me in' };
let keycloak, base, server, browser;

/** A token of Keycloak for a client, or for the administrator. */
async function token(realm, form) {
  const answer = await fetch(`${base}/realms/${realm}/protocol/openid-connect/token`, { method: 'POST', body: new URLSearchParams(form) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()).access_token;
}

/** The administrator's own interface. */
async function admin(method, path, body) {
  const bearer = await token('master', { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' });
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const answer = await fetch(`${base}/admin/realms/loggia${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.headers.get('content-type')?.includes('json') ? answer.json() : null;
}

const ann = async () => (await admin('GET', '/users?username=ann'))[0].id;

before(async () => {
  const home = execFileSync(join(root, 'tests', 'keycloak', 'fetch.sh'), { encoding: 'utf8' }).trim();
  await mkdir(join(home, 'data', 'import'), { recursive: true });
  await cp(join(root, 'deploy', 'keycloak', 'loggia-realm.json'), join(home, 'data', 'import', 'loggia-realm.json'));
  const [port, loggia] = [await freePort(), await freePort()];
  base = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env, ...SECRETS, LOGGIA_URL: `http://127.0.0.1:${loggia}`, JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
    KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: 'admin',
  };
  const log = [];
  // in memory: every run begins with the realm's file and nothing else
  keycloak = spawn(join(home, 'bin', 'kc.sh'), ['start-dev', '--db=dev-mem', '--cache=local', '--http-host=127.0.0.1', `--http-port=${port}`, '--import-realm'], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const words of [keycloak.stdout, keycloak.stderr]) words.on('data', (part) => log.push(part));
  const ready = async () => {
    if (keycloak.exitCode !== null) throw new Error(`Keycloak ended:\n${log.join('')}`);
    return fetch(`${base}/realms/loggia/.well-known/openid-configuration`).then((answer) => answer.ok, () => false);
  };
  await eventually('Keycloak', ready, 600);
  await admin('PUT', '', { accessTokenLifespan: 12 });
  const settings = {
    LOGGIA_OIDC__ISSUER: `${base}/realms/loggia`, LOGGIA_OIDC__CLIENT_ID: 'loggia', LOGGIA_OIDC__CLIENT_SECRET: SECRETS.LOGGIA_CLIENT_SECRET,
    LOGGIA_OIDC__AUDIENCE: 'loggia-api', LOGGIA_OIDC__MACHINE_ROLE: 'loggia-machine', LOGGIA_OIDC__LABEL: 'Corp & Sons',
  };
  server = await serve({ listen: `127.0.0.1:${loggia}`, settings });
  browser = await browse();
}, { timeout: 900_000 });

after(async () => {
  await browser?.close();
  await server?.stop();
  if (keycloak?.exitCode === null) {
    const gone = new Promise((resolve) => keycloak.once('exit', resolve));
    process.kill(-keycloak.pid, 'SIGTERM'); // the script and the Java process it became
    await gone;
  }
});

async function fill(page, login) {
  await page.locator('#username').fill(login);
  await page.locator('#password').fill(SECRETS.LOGGIA_TEST_PASSWORD);
  await page.locator('#kc-login').click();
}

// With the id token as a hint Keycloak asks nothing.
const farewell = async () => {};

/** When Keycloak last heard of one of Ann's sessions: a refresh moves it. */
const renewals = async () => Math.max(0, ...(await admin('GET', `/users/${await ann()}/sessions`)).map((session) => session.lastAccess));

test('somebody signs in with Keycloak, works in two tenants, and signs out everywhere', { timeout: 240_000 }, async () => {
  await journey({ browser, url: server.url, fill, farewell, renewals });
});

test('the same with Keycloak and without script', { timeout: 240_000 }, async () => {
  await journey({ browser, url: server.url, fill, farewell, renewals, options: { javaScriptEnabled: false } });
});

test('an administrator of Keycloak ends all sessions of somebody', { timeout: 240_000 }, async () => {
  await outEverywhere({ browser, url: server.url, fill, endAll: async () => admin('POST', `/users/${await ann()}/logout`) });
});

test('a role of Keycloak makes an operator', { timeout: 120_000 }, async () => {
  const { page, close } = await person(browser, server.url);
  await signInWith(page, server.url, fill, 'olga', '/?all=1');
  for (const name of ['Acme Corp', 'Global Retail', 'This server']) await page.getByRole('link', { name, exact: true }).waitFor();
  await close();
});

test('Keycloak’s own tokens open what their bearers may open, and the internal API for operators and programs with the role', { timeout: 120_000 }, async () => {
  const asked = async (url, path, bearer, more = {}) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const answer = await fetch(new URL(path, url), { ...more, headers });
    return { status: answer.status, body: answer.headers.get('content-type')?.includes('json') ? await answer.json() : null };
  };
  const program = await token('loggia', { grant_type: 'client_credentials', client_id: 'loggia-pipeline', client_secret: SECRETS.LOGGIA_PIPELINE_SECRET });
  assert.equal((await asked(server.internal, '/admin/tenants', program)).status, 200, 'a program by its role');
  assert.equal((await asked(server.url, '/api/v1/tenants', program)).status, 401, 'which is nobody to the public API');

  // people get theirs from their applications; here straight from Keycloak, which the realm does not allow
  const [client] = await admin('GET', '/clients?clientId=loggia');
  await admin('PUT', `/clients/${client.id}`, { ...client, directAccessGrantsEnabled: true });
  const of = (username) => token('loggia', {
    grant_type: 'password', client_id: 'loggia', client_secret: SECRETS.LOGGIA_CLIENT_SECRET, username, password: SECRETS.LOGGIA_TEST_PASSWORD, scope: 'openid',
  });
  const hers = await of('ann');
  const { status, body } = await asked(server.url, '/api/v1/tenants', hers);
  assert.deepEqual([status, body.tenants.map((tenant) => tenant.slug).sort()], [200, ['acme-corp', 'global-retail']]);
  const exchange = (tenant_id) => asked(server.url, '/api/token/exchange', hers, { method: 'POST', body: JSON.stringify({ tenant_id }) });
  const exchanged = await exchange('acme-corp');
  assert.equal(exchanged.status, 200);
  assert.equal((await asked(server.url, '/api/v1/dashboards/default', exchanged.body.access_token)).status, 200);
  assert.equal((await exchange('this-server')).status, 403, 'she is no member there');
  assert.equal((await asked(server.internal, '/admin/tenants', hers)).status, 403);
  assert.equal((await asked(server.internal, '/admin/tenants', await of('olga'))).status, 200, 'an operator');
  await admin('PUT', `/clients/${client.id}`, client);
});

test('what is in the documentation is what the realm has', async () => {
  const text = await readFile(join(root, 'docs', 'authentication.md'), 'utf8');
  const realm = JSON.parse(await readFile(join(root, 'deploy', 'keycloak', 'loggia-realm.json'), 'utf8'));
  for (const client of realm.clients) assert.ok(text.includes(`\`${client.clientId}\``), client.clientId);
  for (const role of realm.roles.realm) assert.ok(text.includes(`\`${role.name}\``), role.name);
  for (const user of realm.users.filter((one) => one.credentials)) assert.ok(text.includes(`\`${user.username}\``), user.username);
});
