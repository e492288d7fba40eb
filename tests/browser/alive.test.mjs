// What the script adds to a page that stands: keys in a chart, lines that are switched off, and a server that goes away and comes back.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { serve, browse, person, signIn } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

const BOARD = '/tenant/acme-corp/dashboard/default?from=now-24h&to=now&refresh=off';

async function atTheBoard() {
  const who = await person(browser, server.url);
  await signIn(who.page, 'viewer@acme.example');
  await who.page.goto(BOARD);
  await who.page.locator('.panel.kind-timeseries[data-state=ready]').first().waitFor();
  return who;
}

test('a chart is read and zoomed with the keyboard alone', async () => {
  const { page, complaints, close } = await atTheBoard();
  const plot = page.locator('.kind-timeseries .chart .hover').first();
  await page.keyboard.press('Tab');
  await plot.focus();
  const said = page.locator('.kind-timeseries .chart [aria-live], .kind-timeseries .chart [role=status]').first();
  await page.keyboard.press('End');
  await page.waitForFunction((of) => of.textContent.trim() !== '', await said.elementHandle());
  const last = await said.textContent();
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await said.textContent(), last, 'the reading before the last is another');
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('Shift+PageUp');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => /^\d+$/.test(url.searchParams.get('from') ?? ''));
  assert.deepEqual(complaints, []);
  await close();
});

test('a line is switched off by its name and stays off when its panel is drawn anew', async () => {
  const { page, complaints, close } = await atTheBoard();
  const panel = page.locator('.panel.kind-timeseries', { has: page.locator('.chart .end text[data-line="1"]') }).first();
  const id = await panel.getAttribute('id');
  const name = page.locator(`#${id} .legend tbody th button`).first();
  await page.locator(`#${id} .chart .end text[data-line="0"]`).click();
  assert.equal(await name.getAttribute('aria-pressed'), 'false');
  await panel.hover();
  await page.locator(`#${id} [data-again]`).first().click();
  await page.locator(`#${id}[aria-busy]`).waitFor({ state: 'detached' });
  assert.equal(await name.getAttribute('aria-pressed'), 'false');
  // With the keyboard too.
  await name.focus();
  await page.keyboard.press('Enter');
  assert.equal(await name.getAttribute('aria-pressed'), 'true');
  assert.deepEqual(complaints, []);
  await close();
});

test('a menu closes on Escape and gives the focus back', async () => {
  const { page, close } = await atTheBoard();
  const summary = page.locator('summary', { hasText: 'Time range' });
  await summary.click();
  await page.getByRole('link', { name: 'Last 7 days', exact: true }).focus();
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('details.menu[open]').count(), 0);
  assert.ok(await summary.evaluate((element) => element === document.activeElement));
  await close();
});

test('a panel keeps its drawing while the server is away, and says so, until it is back', async () => {
  const { page, close } = await atTheBoard();
  const panel = page.locator('.panel.kind-kpi[data-state=ready]').first();
  const id = await panel.getAttribute('id');
  const value = await panel.locator('.body').textContent();
  const fragments = (url) => url.pathname.includes('/panel/');
  await page.route(fragments, (route) => route.abort());
  await page.locator(`#${id} [data-again]`).first().click();
  await page.locator(`#${id}.is-stale .why`, { hasText: 'stale since' }).waitFor();
  assert.equal(await page.locator(`#${id} .body`).textContent(), value, 'what was drawn stays');
  await page.unroute(fragments);
  // Asked for again by itself, within a second or two.
  await page.locator(`#${id}:not(.is-stale)`).waitFor({ timeout: 15_000 });

  await page.route(fragments, (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, body: 'no' }));
  await page.locator(`#${id} [data-again]`).first().click();
  await page.locator(`#${id}.is-stale .because`, { hasText: 'could not answer' }).waitFor();
  await page.unroute(fragments);
  await page.locator(`#${id}:not(.is-stale)`).waitFor({ timeout: 15_000 });
  await close();
});

test('who signs out in another window is told so in the panel, over what it shows', async () => {
  const { context, page, close } = await atTheBoard();
  await context.clearCookies();
  await page.getByText('Refresh', { exact: true }).click();
  const cover = page.locator('.panel .over').first();
  await cover.getByText('You are signed out').waitFor();
  assert.match(await cover.getByRole('link').getAttribute('href'), /^\/login\?next=/);
  await close();
});
