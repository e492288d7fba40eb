// The main journey of a viewer, with script and without: sign in → tenant → dashboard → range → zoom → table → other tenant → sign out.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { serve, browse, person, signIn } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

const range = (page) => Object.fromEntries(new URL(page.url()).searchParams);

/** Opens a menu of the header and follows one of its links. */
async function choose(page, summary, link) {
  await page.locator('summary', { hasText: summary }).click();
  await page.getByRole('link', { name: link, exact: true }).click();
}

test('a viewer with a script finds their way', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'analyst@example.com');
  await page.goto('/?all=1');
  await page.getByRole('link', { name: 'Acme Corp', exact: true }).click();
  await page.waitForURL('**/tenant/acme-corp/dashboard/default**');
  await page.locator('.panel[data-state=ready]').first().waitFor();
  assert.equal(await page.locator('.panel[data-state=loading]').count(), 0, 'no panel waits on a warm, small demo');

  await choose(page, 'Time range', 'Last 7 days');
  await page.waitForURL('**from=now-7d**');

  // Drag over the first chart: the whole page zooms to that stretch.
  const plot = page.locator('.kind-timeseries .chart .plot').first();
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 5 });
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  await page.waitForURL((url) => /^\d+$/.test(url.searchParams.get('from') ?? '') || /^\d{4}-/.test(url.searchParams.get('from') ?? ''));
  const zoomed = range(page);
  const ms = (text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text));
  const days = (ms(zoomed.to) - ms(zoomed.from)) / 86_400_000;
  assert.ok(days > 1.5 && days < 2.8, `zoomed to about 0.3 of 7 days, got ${days}`);
  await page.goBack();
  await page.waitForURL('**from=now-7d**');

  // Sort and page a table: only its panel changes, and the address tells it.
  const table = page.locator('.panel.kind-table').first();
  await table.scrollIntoViewIfNeeded();
  const column = table.locator('th a').nth(1);
  const name = (await column.textContent()).trim();
  await column.click();
  await page.waitForURL(/\.sort=/);
  await table.locator('th[aria-sort=ascending], th[aria-sort=descending]', { hasText: name.replace(/\W+$/, '') }).waitFor();
  const first = await table.locator('tbody tr').first().textContent();
  const next = table.getByRole('link', { name: 'Next', exact: true });
  if (await next.count()) {
    await next.click();
    await page.waitForURL(/\.page=2/);
    await page.waitForFunction(([panel, was]) => document.querySelector(`#${panel} tbody tr`)?.textContent !== was, [await table.getAttribute('id'), first]);
  }
  assert.equal(range(page).from, 'now-7d', 'the range is kept while a table is paged');

  // The other tenant: same page and range where it has that dashboard, other data.
  const acme = await page.locator('main').textContent();
  await choose(page, 'Tenant:', 'Global Retail');
  await page.waitForURL('**/tenant/global-retail/dashboard/default**');
  assert.equal(range(page).from, 'now-7d');
  assert.notEqual(await page.locator('main').textContent(), acme);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/login');
  await page.goto('/tenant/acme-corp');
  await page.waitForURL('**/login?next=**');
  assert.deepEqual(complaints, []);
  await close();
});

test('a viewer without a script finds the same way', async () => {
  const { page, close } = await person(browser, server.url, { javaScriptEnabled: false });
  await signIn(page, 'analyst@example.com');
  await page.goto('/?all=1');
  await page.getByRole('link', { name: 'Acme Corp', exact: true }).click();
  await page.waitForURL('**/tenant/acme-corp/dashboard/default**');
  assert.equal(await page.locator('.panel[data-state=loading]').count(), 0, 'every panel is in the one answer');
  assert.ok((await page.locator('.kind-timeseries .chart .plot path').count()) > 0, 'with every chart in it');

  await choose(page, 'Time range', 'Last 7 days');
  await page.waitForURL('**from=now-7d**');
  await page.locator('a[title=Earlier]').click();
  await page.waitForURL((url) => url.searchParams.get('from') !== 'now-7d');
  await choose(page, 'Time range', 'Last 7 days');
  await page.waitForURL('**from=now-7d**');

  const table = page.locator('.panel.kind-table').first();
  await table.locator('th a').nth(1).click();
  await page.waitForURL(/\.sort=/);
  assert.equal(await page.locator('.panel.kind-table').first().locator('th[aria-sort=ascending], th[aria-sort=descending]').count(), 1);
  const next = page.locator('.panel.kind-table').first().getByRole('link', { name: 'Next', exact: true });
  if (await next.count()) {
    await next.click();
    await page.waitForURL(/\.page=2/);
  }
  assert.equal(range(page).from, 'now-7d');

  await choose(page, 'Tenant:', 'Global Retail');
  await page.waitForURL('**/tenant/global-retail/dashboard/default**');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/login');
  await close();
});

test('a wrong password is told, and nothing typed but the password is lost', async () => {
  const { page, close } = await person(browser, server.url);
  await page.goto('/login?next=/tenant/acme-corp');
  await page.getByLabel('E-mail').fill('viewer@acme.example');
  await page.getByLabel('Password').fill('not it');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  assert.equal(await page.getByLabel('E-mail').inputValue(), 'viewer@acme.example');
  await page.getByLabel('Password').fill('demo');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/tenant/acme-corp/dashboard/default**');
  await close();
});

test('a tenant that is not mine is refused with my own tenants named', async () => {
  const { page, close } = await person(browser, server.url);
  await signIn(page, 'viewer@acme.example');
  const answer = await page.goto('/tenant/global-retail/dashboard/default');
  assert.equal(answer.status(), 403);
  await page.locator('main').getByRole('link', { name: 'Acme Corp' }).waitFor();
  assert.ok(!(await page.content()).includes('Global Retail'));
  await close();
});
