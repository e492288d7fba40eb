// The Dash app alone in Chromium, with tokens that the test signs: whatever fails here is the app's own, and not the frame's.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { browse, out, person } from './stage.mjs';
import { authority, numbers, serveDash } from './dash.mjs';
import { eventually } from './company.mjs';

let loggia, app, browser;
before(async () => {
  loggia = await authority();
  app = await serveDash({ issuer: loggia.issuer, keepPrefix: true, tick: 500 });
  browser = await browse();
});
after(async () => { await browser?.close(); await app?.stop(); await loggia?.close(); });

const at = (query = '') => `${app.url}/dash/customer-ltv/${query}`;
const bearing = (tenant, options = {}) =>
  person(browser, app.url, { extraHTTPHeaders: { authorization: `Bearer ${loggia.token(tenant)}` }, ...options });

/** The policy that Loggia sets on an app's page: no eval, no inline script but the one that starts Dash. */
async function underPolicy(page) {
  await page.route(/\/dash\/customer-ltv\/(\?.*)?$/, async (route) => {
    const answer = await route.fetch();
    const body = await answer.text();
    const inline = [...body.matchAll(/<script(?![^>]*(?:src|application\/json))[^>]*>([\s\S]*?)<\/script>/g)].map(([, script]) => script);
    const hashes = inline.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`).join(' ');
    const own = at();
    const policy = `default-src 'none'; script-src ${own} ${hashes}; style-src ${own} 'unsafe-inline'; img-src ${own} data: blob:; ` +
      `font-src ${own} data:; connect-src ${own}; worker-src ${own} blob:; base-uri 'none'; form-action 'none'; object-src 'none'`;
    await route.fulfill({ response: answer, body, headers: { ...answer.headers(), 'content-security-policy': policy } });
  });
}

async function says(page, { customers, average, revenue }) {
  await page.locator('#customer-count', { hasText: new RegExp(`^${customers}$`) }).waitFor();
  assert.equal(await page.locator('#average-value').textContent(), average);
  assert.equal(await page.locator('#revenue').textContent(), revenue);
}

test('both tenants see their own numbers, choose, watch and take away, under the policy of the frame', async () => {
  for (const [tenant, name, catalog] of [['acme-corp', 'Acme Corp', 'kyros_acme_prod'], ['global-retail', 'Global Retail', 'kyros_retail_prod']]) {
    const { page, complaints, close } = await bearing(tenant);
    await underPolicy(page);
    await page.goto(at());
    await page.getByRole('heading', { name: `${name}: customer lifetime value` }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await says(page, numbers(catalog));

    await page.locator('#customers').click();
    await page.getByRole('dialog').getByRole('option', { name: 'Those who came back' }).click();
    await says(page, numbers(catalog, 'again'));
    await page.locator('#months .bars .point').first().waitFor({ state: 'attached' });
    assert.ok((await page.locator('#months .bars .point').count()) > 20, 'two kinds of orders, month by month');

    const ticks = async () => Number(/(\d+) updates/.exec(await page.locator('#ticks').textContent())?.[1] ?? 0);
    await eventually('two more updates', async () => (await ticks()) >= 2);
    assert.match(await page.locator('#ticks').textContent(), new RegExp(`^${catalog}, `));

    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
    const [head, ...rows] = (await readFile(await download.path(), 'utf8')).trim().split(/\r?\n/);
    assert.match(head, /Customer.*Lifetime value/);
    assert.equal(rows.length, 100);
    assert.deepEqual(complaints, []);
    await page.screenshot({ path: `${out}/dash-${tenant}.png`, fullPage: true });
    await close();
  }
});

test('the address tells theme, range and choice, and a wrong one is told', async () => {
  const { page, complaints, close } = await bearing('acme-corp', { colorScheme: 'light' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.goto(at('?theme=dark&var-customers=once'));
  await says(page, numbers('kyros_acme_prod', 'once'));
  assert.equal(await ground(), 'rgb(14, 17, 22)');
  await page.locator('#months .ytick text').first().waitFor();
  assert.equal(await page.locator('#months .ytick text').first().evaluate((text) => getComputedStyle(text).fill), 'rgb(167, 177, 190)');
  await page.screenshot({ path: `${out}/dash-dark.png`, fullPage: true });
  await page.goto(at('?theme=system'));
  await says(page, numbers('kyros_acme_prod'));
  assert.equal(await ground(), 'rgb(246, 247, 249)');
  await page.goto(at('?from=2001-01-01&to=2001-02-01'));
  await page.getByText('No purchases in this range').waitFor();
  assert.equal(await page.locator('#average-value').textContent(), '–');
  await page.goto(at('?from=yesterday&to=now'));
  await page.getByText('“yesterday” to “now” is not a range; all purchases are shown').waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test('killed and started again under an open page, it goes on by itself', async () => {
  const { page, close } = await bearing('global-retail');
  await page.goto(at());
  await says(page, numbers('kyros_retail_prod'));
  const told = () => page.locator('#ticks').textContent();
  await app.kill();
  // an answer that was under way when it was killed may still arrive
  let before;
  await eventually('nothing updates', async () => {
    before = await told();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return (await told()) === before;
  });
  await app.restart();
  await eventually('updates again', async () => (await told()) !== before);
  await close();
});

test('a tenant that is suspended is shown no more, and nobody is without a token', async () => {
  const { page, close } = await bearing('acme-corp');
  loggia.suspended.add('acme-corp');
  const answer = await page.goto(at());
  loggia.suspended.delete('acme-corp');
  assert.equal(answer.status(), 401);
  assert.equal((await answer.json()).error, 'invalid_token');
  await close();
  const nobody = await fetch(at());
  assert.equal(nobody.status, 401);
  assert.equal(nobody.headers.get('x-correlation-id'), (await nobody.json()).correlation_id);
});

test('the way it was before: without tokens, for everybody who reaches it', async () => {
  const legacy = await serveDash({ legacy: { catalog: 'kyros_retail_prod', tenant: 'Global Retail' }, keepPrefix: true });
  const { page, complaints, close } = await person(browser, legacy.url);
  await page.goto(`${legacy.url}/dash/customer-ltv/`);
  await says(page, numbers('kyros_retail_prod'));
  assert.deepEqual(complaints, []);
  await close();
  await legacy.stop();
});
