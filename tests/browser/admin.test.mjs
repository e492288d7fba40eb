// An operator's journey, with script and without: a user is made, sees the tenant, loses it again.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { serve, browse, person, signIn, findings, out } from './stage.mjs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

let server, browser;
before(async () => {
  server = await serve();
  browser = await browse();
  // an app where nobody listens: what there is to say of it is the most
  const write = (path, text) => writeFile(join(server.tenants, path), text);
  await mkdir(join(server.tenants, '_shared/apps'), { recursive: true });
  await write('_shared/apps/sales.yaml', 'app:\n  title: Sales\n  upstream: { url: "http://127.0.0.1:9" }\n  legacy_upstream: { url: "http://127.0.0.1:9/old" }\n');
  await write('acme-corp/dashboards/sales.yaml', 'dashboard: { name: Sales, app: sales }\n');
});
after(async () => { await browser?.close(); await server?.stop(); });

const password = 'a long enough one 7';

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with' : 'without';
  test(`an operator gives somebody a tenant and takes it away, ${how} script`, async () => {
    const operator = await person(browser, server.url, { javaScriptEnabled });
    const { page } = operator;
    await signIn(page, 'admin@example.com');
    await page.goto('/?all=1');
    await page.locator('summary', { hasText: 'admin@example.com' }).click();
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name: 'Users' }).click();
    await page.getByRole('link', { name: 'New user' }).click();
    const email = `nadia-${how}@acme.example`;
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Full name').fill('Nadia New');
    await page.getByLabel('First password').fill('short');
    await page.getByLabel('Tenant').selectOption('acme-corp');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.locator('#password-fault').waitFor();
    assert.equal(await page.getByLabel('Full name').inputValue(), 'Nadia New', 'nothing typed but the password is lost');
    assert.equal(await page.getByLabel('Tenant').inputValue(), 'acme-corp');
    await page.getByLabel('First password').fill(password);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText('The account is made.').waitFor();

    const nadia = await person(browser, server.url, { javaScriptEnabled });
    await signIn(nadia.page, email, password);
    await nadia.page.waitForURL('**/tenant/acme-corp/dashboard/default**');
    assert.equal((await nadia.page.goto('/tenant/global-retail')).status(), 403);
    assert.equal((await nadia.page.goto('/admin')).status(), 403);

    await page.getByRole('button', { name: 'Take away Acme Corp' }).click();
    await page.getByText('Saved. It counts at once.').waitFor();
    assert.equal((await nadia.page.goto('/tenant/acme-corp/dashboard/default')).status(), 403);

    await page.goto('/admin/users');
    await page.getByPlaceholder('Name or e-mail').fill(email);
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: 'Nadia New' }).click();
    await page.getByRole('link', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete this account' }).click();
    await page.getByText('The account is gone').waitFor();
    await nadia.page.goto('/');
    assert.ok(new URL(nadia.page.url()).pathname === '/login', 'who is removed is signed out');
    await nadia.close();
    await operator.close();
  });
}

test('an accent is shown as it is typed', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'admin@example.com');
  await page.goto('/admin/tenants/this-server');
  const button = page.locator('.preview.light .as-button');
  const field = page.getByLabel('Accent colour');
  if (await field.isEditable()) {
    const before = await button.evaluate((node) => getComputedStyle(node).backgroundColor);
    await field.fill('#b0105a');
    await page.waitForFunction((was) => getComputedStyle(document.querySelector('.preview.light .as-button')).backgroundColor !== was, before);
  } else {
    // the demo's file sets it: the preview shows what is set
    assert.ok((await page.locator('link[data-preview]').getAttribute('href')).includes('accent='));
  }
  assert.deepEqual(complaints, []);
  await close();
});

test('a wall screen opens by its link alone and takes turns', async () => {
  const { page, close } = await person(browser, server.url);
  await signIn(page, 'admin@example.com');
  await page.goto('/tenant/acme-corp/devices');
  await page.getByLabel('Name').fill('Entrance hall');
  for (const box of (await page.getByRole('group', { name: 'Shows' }).getByRole('checkbox').all()).slice(0, 2)) await box.check();
  await page.getByRole('button', { name: 'Make its link' }).click();
  const link = await page.locator('.once code').textContent();

  const wall = await person(browser, server.url);
  await wall.page.goto(new URL(link).pathname);
  await wall.page.waitForURL(/kiosk=tv/);
  await wall.page.locator('.panel[data-state=ready]').first().waitFor();
  assert.equal(await wall.page.locator('header.bar').count(), 0, 'nothing to press');
  assert.match(wall.page.url(), /rotate=/);
  await page.getByRole('link', { name: 'Take back the link of Entrance hall' }).click();
  await page.getByRole('button', { name: 'Take its link back' }).click();
  await page.getByText('The link is taken back').waitFor();
  await wall.page.reload();
  assert.equal(new URL(wall.page.url()).pathname, '/login');
  await wall.close();
  await close();
});

const places = [
  '/admin', '/admin/users', '/admin/users?q=nobody-at-all', '/admin/users/new', '/admin/tenants', '/admin/tenants/acme-corp',
  '/admin/tenants/acme-corp/delete', '/admin/tenants/acme-corp/datastores/new', '/admin/clients', '/admin/clients/new',
  '/admin/audit', '/admin/audit?what=sign_in', '/admin/config', '/admin/apps',
  '/tenant/acme-corp/members', '/tenant/acme-corp/audit', '/tenant/acme-corp/devices',
];
const name = (path, how) => `${path.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '')}-${how}.png`;

/** The pages of the administration, one account's, one client's and a refused form among them. */
async function walk(page, look) {
  await signIn(page, 'admin@example.com');
  await page.waitForFunction(async () => (await (await fetch('/admin/apps')).text()).includes('>Sales<'));
  for (const path of places) { await page.goto(path); await look(path); }
  await page.goto('/admin/tenants/acme-corp');
  await page.getByRole('button', { name: 'Look at the apps' }).click();
  await page.getByText('It cannot go over to the new flow as things stand.').waitFor();
  await look('/admin/tenants/acme-corp/looked');
  await page.goto('/admin/users?q=analyst');
  await page.locator('.list th[scope=row] a').first().click();
  await look('/admin/users/one');
  await page.getByRole('link', { name: 'Delete…' }).click();
  await look('/admin/users/one/delete');
  await page.goBack();
  await page.locator('input[name=version]').first().evaluate((field) => { field.value = '2026-01-01T00:00:00.000000Z'; });
  await page.getByLabel('Full name').fill('Somebody Else');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Stored now').first().waitFor();
  await look('/admin/users/one/stale');
  await page.goto('/admin/tenants/acme-corp/datastores/new');
  await page.getByLabel('uc_catalog').fill('my-catalog');
  await page.getByRole('button', { name: 'Add the datastore' }).click();
  await page.locator('[role=alert], .wrong, .fault').first().waitFor();
  await look('/admin/tenants/acme-corp/datastores/new/refused');
  await page.goto('/tenant/acme-corp/devices');
  await page.getByLabel('Name', { exact: true }).fill('Canteen');
  await page.getByRole('group', { name: 'Shows' }).getByRole('checkbox').first().check();
  await page.getByRole('button', { name: 'Make its link' }).click();
  const link = new URL(await page.locator('.once code').textContent()).pathname;
  await look('/tenant/acme-corp/devices/made');
  await page.getByRole('link', { name: 'Take back the link of Canteen' }).click();
  await look('/tenant/acme-corp/devices/revoke');
  await page.goto(link);
  await page.locator('.panel[data-state=ready]').first().waitFor();
  await look('/device');
  await page.goto('/tenant/acme-corp/devices');
  await page.getByRole('link', { name: 'Take back the link of Canteen' }).first().click();
  await page.getByRole('button', { name: 'Take its link back' }).click();
  await page.getByText('The link is taken back').waitFor();
  await page.goto('/admin/users/new');
  await page.getByLabel('E-mail').fill('analyst@example.com');
  await page.getByLabel('First password').fill('short');
  await page.getByRole('button', { name: 'Make the account' }).click();
  await look('/admin/users/new/refused');
  await page.goto('/admin/clients/new');
  await page.getByLabel('Name').fill('Nightly import');
  await page.getByLabel('admin: what an operator may do').check();
  await page.getByRole('button', { name: 'Make the client' }).click();
  await look('/admin/clients/one');
}

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing in the administration in ${scheme}`, async () => {
    const { page, close } = await person(browser, server.url, { colorScheme: scheme });
    const found = [];
    await walk(page, async (path) => {
      found.push(...(await findings(page)).map((finding) => `${path}: ${finding}`));
      await page.screenshot({ path: join(out, name(path, scheme)), fullPage: true });
    });
    assert.deepEqual(found, []);
    await close();
  });
}

test('no page of the administration scrolls sideways at 360 px', async () => {
  const { page, close } = await person(browser, server.url, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  const wide = [];
  await walk(page, async (path) => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 360) wide.push(`${path}: ${width} px`);
    await page.screenshot({ path: join(out, name(path, 'phone')), fullPage: true });
  });
  assert.deepEqual(wide, []);
  await close();
});
