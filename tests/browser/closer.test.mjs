// Look closer: a panel's detail in a dialog and as a page; filters that all panels follow, saved and found again elsewhere.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { serve, browse, person, signIn, findings } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

const board = '/tenant/acme-corp/dashboard/default';
const url = (page) => new URL(page.url());
const lines = (page, id) => page.locator(`#p-${id} .legend tbody tr`).count();

test('a click on a panel opens its detail over the dashboard, and Back, Escape and Close lead back', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'admin@example.com');
  await page.goto(`${board}?from=now-48h&to=now`);
  await page.locator('.panel[data-state=ready]').first().waitFor();
  const title = page.locator('#p-cpu_by_instance h2 a');
  await title.click();
  const dialog = page.locator('dialog[open]');
  await dialog.locator('#p-cpu_by_instance-close .chart').waitFor();
  await dialog.locator('#p-cpu_by_instance-rows tbody tr').first().waitFor();
  assert.match(url(page).pathname, /\/panel\/cpu_by_instance\/detail$/);
  assert.equal(url(page).searchParams.get('from'), 'now-48h');
  assert.ok(await dialog.locator('.legend').isVisible(), 'the legend is a table below the chart');
  assert.deepEqual(complaints, []);
  assert.deepEqual(await findings(page), []);
  complaints.length = 0; // the page's policy complains of axe itself

  // Every reading in place of means.
  assert.match(await dialog.locator('#p-cpu_by_instance-close .note').textContent(), /mean per/);
  await dialog.getByRole('button', { name: 'Disable aggregation' }).click();
  await dialog.getByRole('button', { name: 'Aggregation is off' }).waitFor();
  assert.match(await dialog.locator('#p-cpu_by_instance-close .note').textContent(), /every reading/);
  assert.equal(url(page).searchParams.get('cpu_by_instance.raw'), '1');

  // One series alone.
  const all = await lines(page, 'cpu_by_instance-close');
  assert.ok(all > 1, `${all} lines`);
  await dialog.locator('summary', { hasText: 'Series' }).click();
  await dialog.getByRole('checkbox').first().check();
  await dialog.getByRole('button', { name: 'Show these' }).click();
  await page.waitForURL(/\.series=/);
  await page.waitForFunction(() => document.querySelectorAll('#p-cpu_by_instance-close .legend tbody tr').length === 1);

  // The rows behind it: sorted in place.
  await dialog.locator('#p-cpu_by_instance-rows th a').last().click();
  await page.waitForURL(/cpu_by_instance\.sort=/);
  await dialog.locator('#p-cpu_by_instance-rows th[aria-sort=ascending]').waitFor();
  assert.equal(await page.locator('#p-cpu_by_instance').getAttribute('hx-get').then((href) => href.includes('.sort=')), false, 'the dashboard behind keeps its own view');

  // The source, for this person: file, line, SQL.
  await dialog.locator('summary', { hasText: 'Show source' }).click();
  const source = await dialog.locator('.source').textContent();
  assert.match(source, /acme-corp\/panels\/cpu_by_instance\.yaml:\d+/);
  assert.match(source, /SELECT/);

  await page.goBack();
  await page.waitForURL((address) => address.pathname === board);
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), await title.textContent(), 'focus is back where it was');

  await title.click();
  await dialog.locator('.chart').first().waitFor();
  await page.keyboard.press('Escape');
  await page.waitForURL((address) => address.pathname === board);
  await dialog.waitFor({ state: 'hidden' });
  await title.click();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.waitForURL((address) => address.pathname === board);
  await page.locator('#p-cpu_by_instance[data-state=ready]').waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test('the same without a script', async () => {
  const { page, close } = await person(browser, server.url, { javaScriptEnabled: false });
  await signIn(page, 'viewer@acme.example');
  await page.goto(`${board}?from=now-48h&to=now`);
  await page.locator('#p-cpu_by_instance h2 a').click();
  await page.waitForURL(/\/detail\?/);
  assert.equal(await page.locator('.source').count(), 0, 'the source is for authors');
  await page.getByRole('button', { name: 'Disable aggregation' }).click();
  await page.waitForURL(/\.raw=1/);
  assert.match(await page.locator('#p-cpu_by_instance-close .note').textContent(), /every reading/);
  await page.locator('summary', { hasText: 'Series' }).click();
  await page.getByRole('checkbox').first().check();
  await page.getByRole('button', { name: 'Show these' }).click();
  await page.waitForURL(/\.series=/);
  assert.equal(await lines(page, 'cpu_by_instance-close'), 1);
  await page.getByRole('searchbox').fill('nothing has this');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByText('No row matches').waitFor();
  await page.getByRole('link', { name: 'Back to Operations' }).click();
  await page.waitForURL((address) => address.pathname === board);

  // A filter, saved, and found again.
  await page.locator('form[data-vars]').getByLabel('Severity').selectOption('WARNING');
  await page.getByRole('button', { name: 'Apply' }).first().click();
  await page.waitForURL(/var-severity=WARNING/);
  await page.getByRole('button', { name: 'Save as my default' }).click();
  await page.goto(board);
  assert.equal(url(page).searchParams.get('var-severity'), 'WARNING');
  await page.getByRole('button', { name: 'Reset my default' }).click();
  await page.goto(board);
  assert.equal(url(page).searchParams.get('var-severity'), null);
  await close();
});

test('panels follow a filter; saved, it is there after signing in elsewhere', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'analyst@example.com');
  await page.goto(board);
  await page.locator('.panel[data-state=ready]').first().waitFor();
  const before = await lines(page, 'cpu_by_instance');
  assert.ok(before > 1);
  await page.locator('form[data-vars] summary').click();
  const first = page.locator('form[data-vars]').getByRole('checkbox').first();
  const instance = await first.inputValue();
  await first.check();
  await page.keyboard.press('Escape');
  await page.waitForURL(/var-instance=/);
  assert.equal(await lines(page, 'cpu_by_instance'), 1);
  await page.locator('form[data-vars]').getByLabel('Severity').selectOption('CRITICAL');
  await page.waitForURL(/var-severity=CRITICAL/);
  assert.equal(url(page).searchParams.get('var-service'), null, 'what is unset is not in the address');
  const states = page.locator('#p-recent_errors tbody .state');
  for (const word of await states.allTextContents()) assert.equal(word.trim(), 'Critical');
  await page.goBack();
  assert.equal(url(page).searchParams.get('var-severity'), null, 'Back undoes a filter');
  await page.goForward();
  await page.getByRole('button', { name: 'Save as my default' }).click();
  await page.getByRole('button', { name: 'Reset my default' }).waitFor();

  const elsewhere = await person(browser, server.url);
  await signIn(elsewhere.page, 'analyst@example.com');
  await elsewhere.page.goto(board);
  assert.equal(url(elsewhere.page).searchParams.get('var-severity'), 'CRITICAL');
  assert.equal(url(elsewhere.page).searchParams.get('var-instance'), instance);
  assert.equal(await lines(elsewhere.page, 'cpu_by_instance'), 1);
  await elsewhere.page.getByRole('button', { name: 'Reset my default' }).click();
  await elsewhere.page.getByRole('button', { name: 'Reset my default' }).waitFor({ state: 'detached' });
  assert.deepEqual([...complaints, ...elsewhere.complaints], []);
  await elsewhere.close();
  await close();
});

test('a wall screen has nothing to press and goes on by itself', async () => {
  const { page, complaints, close } = await person(browser, server.url, { viewport: { width: 1920, height: 1080 } });
  await signIn(page, 'viewer@acme.example');
  await page.goto(`${board}?kiosk=tv&rotate=default,capacity&every=5s&var-severity=CRITICAL`);
  assert.match(await page.locator('.head').textContent(), /Severity: CRITICAL/);
  assert.equal(await page.locator('button:visible:not(.legend button), select:visible, input:visible').count(), 0);
  await page.waitForURL('**/dashboard/capacity?**', { timeout: 20_000 });
  await page.waitForURL('**/dashboard/default?**', { timeout: 20_000 });
  assert.deepEqual(complaints, []);
  await close();
});
