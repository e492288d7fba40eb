// Signing in with the company's account, against the certified oidc-provider.
import { test, before, after } from 'node:test';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { serve, browse, root, out } from './stage.mjs';
import { freePort, journey, outEverywhere, page } from './company.mjs';

let provider, issuer, server, browser;

/** Turns the provider's knobs and gives its counters. */
const turn = async (knobs) => (await fetch(`${issuer}/_test`, { method: 'POST', body: JSON.stringify(knobs) })).json();

before(async () => {
  const listen = `127.0.0.1:${await freePort()}`;
  provider = spawn('node', ['provider.mjs', `http://${listen}`], { cwd: join(root, 'tests', 'idp'), stdio: ['pipe', 'pipe', 'inherit'] });
  issuer = await new Promise((resolve, reject) => {
    createInterface({ input: provider.stdout }).on('line', (line) => resolve(line.replace('ready ', '')));
    provider.on('exit', (code) => reject(new Error(`the provider ended with ${code}: are the packages of tests/idp there?`)));
  });
  const settings = {
    LOGGIA_OIDC__ISSUER: issuer, LOGGIA_OIDC__CLIENT_ID: 'loggia', LOGGIA_OIDC__CLIENT_SECRET: 'loggia-secret-of-the-tests',
    LOGGIA_OIDC__LABEL: 'Corp & Sons',
  };
  server = await serve({ listen, settings });
  browser = await browse();
});
after(async () => { await browser?.close(); await server?.stop(); provider?.kill(); });

async function fill(page, login) {
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
}

const farewell = (page) => page.getByRole('button', { name: /yes/i }).click();
const renewals = async () => (await turn({})).refreshed;

test('somebody signs in with the company, works in two tenants, and signs out everywhere', async () => {
  await turn({ ttl: 8 });
  await journey({ browser, url: server.url, fill, farewell, renewals });
});

test('the same without script', async () => {
  await turn({ ttl: 600 });
  await journey({ browser, url: server.url, fill, farewell, renewals, options: { javaScriptEnabled: false } });
});

test('a logout at the provider reaches every open page', async () => {
  await turn({ ttl: 600 });
  const endAll = async () => {
    const now = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const payload = { aud: 'loggia', sub: 'ann', iat: now, exp: now + 120, jti: crypto.randomUUID(), events };
    const { token } = await turn({ sign: { header: { typ: 'logout+jwt' }, payload } });
    const told = await fetch(`${server.url}/logout/backchannel`, { method: 'POST', body: new URLSearchParams({ logout_token: token }) });
    if (told.status !== 200) throw new Error(`the logout was answered ${told.status}`);
  };
  await outEverywhere({ browser, url: server.url, fill, endAll });
});

test('axe finds nothing on the sign-in page, and it fits a phone', async () => {
  await page(browser, server.url, out);
});
