// The gallery of panel types, and what the newest of them do: a heatmap read by mouse and keyboard, bars that turn into numbers.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { serve, browse, person, signIn, findings, root } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

const overview = '/tenant/acme-corp/dashboard/overview';

/** The folders in src/panel/ that have an example: the types there are. */
async function types() {
  const folders = await readdir(join(root, 'src', 'panel'), { withFileTypes: true });
  const named = await Promise.all(folders.filter((entry) => entry.isDirectory()).map(async ({ name }) =>
    (await readdir(join(root, 'src', 'panel', name))).includes('example.yaml') ? name : null));
  return named.filter(Boolean).sort();
}

test('the account menu leads to a gallery where every type is drawn beside its file', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'viewer@acme.example');
  await page.goto(overview);
  await page.locator('.who summary').click();
  await page.getByRole('link', { name: 'Panel types' }).click();
  await page.waitForURL('**/help/panels');
  const shown = await page.$$eval('.exhibit', (all) => all.map((one) => ({
    type: one.querySelector('h2').textContent, state: one.querySelector('.panel').dataset.state, yaml: one.querySelector('pre').textContent,
  })));
  assert.deepEqual(shown.map((one) => one.type).sort(), await types());
  for (const { type, state, yaml } of shown) {
    assert.equal(state, 'ready', type);
    assert.match(yaml, new RegExp(`type: ${type}\\n`));
  }
  // What is drawn acts as it does on a dashboard: a chart turns into its table, a table is sorted, in place.
  await page.locator('#turn-bar').click();
  await page.locator('#p-bar tbody tr').first().waitFor();
  assert.equal(new URL(page.url()).searchParams.get('bar.view'), 'table');
  await page.locator('#p-table th a', { hasText: 'Count' }).click();
  await page.locator('#p-table th[aria-sort=ascending]', { hasText: 'Count' }).waitFor();
  const counts = await page.$$eval('#p-table tbody tr', (rows) => rows.map((row) => parseInt(row.lastElementChild.textContent, 10)));
  assert.deepEqual(counts, [...counts].sort((a, b) => a - b));
  assert.ok(counts.length > 3, `${counts}`);
  assert.deepEqual(complaints, []);
  await close();
});

test('the gallery without a script', async () => {
  const { page, close } = await person(browser, server.url, { javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  await signIn(page, 'viewer@acme.example');
  await page.goto('/help/panels');
  await page.locator('#turn-heatmap').click();
  await page.waitForURL(/heatmap\.view=table/);
  assert.match(await page.locator('#p-heatmap thead').textContent(), /Time.*db-1.*web-3/);
  await page.locator('#turn-heatmap').click();
  assert.equal(await page.locator('#p-heatmap .cells g').count(), 6);
  await close();
});

test('a heatmap is read by mouse and by keyboard, and its gaps are told', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'viewer@acme.example');
  await page.goto(overview);
  const panel = page.locator('#p-cpu_by_hour');
  await panel.locator('.hover').waitFor();
  assert.ok(await panel.locator('.cells g').count() > 5);
  assert.match(await panel.locator('.keys').textContent(), /0–20\s%.*80–100\s%/);
  assert.match(await panel.locator('.plot desc').textContent(), /highest .*\s% \(.*lowest/);

  await panel.scrollIntoViewIfNeeded();
  const box = await panel.locator('.hover').boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
  assert.match(await panel.locator('.readout').textContent(), /\d\d:\d\d.*(%|no value)/);
  await page.mouse.move(0, 0);
  assert.equal(await panel.locator('.readout').count(), 0);

  await panel.locator('.hover').focus();
  await page.keyboard.press('Home');
  const first = await panel.locator('.readout').textContent();
  await page.keyboard.press('ArrowRight');
  const next = await panel.locator('.readout').textContent();
  assert.notEqual(next, first);
  await page.keyboard.press('ArrowDown');
  assert.notEqual(await panel.locator('.readout span').textContent(), '', 'the row is named');
  assert.match(await panel.locator('.said').textContent(), /; .+ (no value|.*%)/);
  await page.keyboard.press('Escape');
  assert.equal(await panel.locator('.readout').count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('a heatmap and bars open closely with their rows, and leave as files', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'viewer@acme.example');
  await page.goto(overview);
  await page.locator('#p-cpu_by_hour[data-state=ready]').waitFor();
  await page.locator('#p-cpu_by_hour h2 a').click();
  const dialog = page.locator('dialog[open]');
  await dialog.locator('#cpu_by_hour-close .cells').waitFor();
  await dialog.locator('#p-cpu_by_hour-rows tbody tr').first().waitFor();
  const note = dialog.locator('#p-cpu_by_hour-close .note');
  assert.match(await note.textContent(), /mean per hour/);
  await dialog.getByRole('button', { name: 'Disable aggregation' }).click();
  await dialog.getByRole('button', { name: 'Aggregation is off' }).waitFor();
  assert.match(await note.textContent(), /mean per 30 min/);
  assert.deepEqual(complaints, []);
  assert.deepEqual(await findings(page), []);

  for (const panel of ['cpu_by_hour', 'latency_spread', 'requests_in_bars', 'errors_by_service']) {
    for (const [ending, begins] of [['csv', null], ['json', '{"rows":['], ['ndjson', '{'], ['svg', '<svg'], ['png', '\x89PNG']]) {
      const answer = await page.request.get(`/tenant/acme-corp/report/${panel}.${ending}?dashboard=overview`);
      const body = (await answer.body()).toString('latin1');
      assert.equal(answer.status(), 200, `${panel}.${ending}`);
      if (begins) assert.ok(body.startsWith(begins), `${panel}.${ending}: ${body.slice(0, 40)}`);
      else assert.ok(body.trim().split('\n').length > 2, `${panel}.${ending}`);
    }
  }
  await close();
});
