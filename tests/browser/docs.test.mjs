// The API's documentation: every operation can be tried with the session of the page, and nothing comes from outside.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { serve, browse, person, signIn } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

test('an operation is tried from the page, with what its form says', async () => {
  const { page, close } = await person(browser, server.url);
  const foreign = [];
  page.on('request', (request) => { if (!request.url().startsWith(server.url)) foreign.push(request.url()); });
  await signIn(page, 'analyst@example.com');
  await page.goto('/docs');

  const tried = async (id, fill = {}) => {
    const form = page.locator(`#${id} form.try`);
    for (const [name, value] of Object.entries(fill)) {
      const field = form.locator(`[name="${name}"]`);
      if (await field.evaluate((one) => one.tagName === 'SELECT')) await field.selectOption(value); else await field.fill(value);
    }
    await form.locator('button').click();
    await form.locator('.tried p').waitFor();
    return { said: await form.locator('.tried p').textContent(), answer: await form.locator('.tried pre').textContent() };
  };

  assert.match((await tried('list_dashboards')).said, / 409 /, 'two tenants and none selected');
  const selected = await tried('select_tenant', { id: 'acme-corp' });
  assert.match(selected.said, /POST \/api\/v1\/tenants\/acme-corp\/select: 200 /);
  const data = await tried('panel_data', { id: 'recent_errors', page_size: '2', dir: 'desc' });
  assert.match(data.said, /GET \/api\/v1\/panels\/recent_errors\/data\?.*page_size=2.*: 200 .*reference [0-9a-f-]{36}/);
  assert.equal(JSON.parse(data.answer).rows.length, 2);
  const saved = await tried('save_preferences', { body: '{"dashboard": "default", "filters": {"severity": "ERROR"}}' });
  assert.deepEqual(JSON.parse(saved.answer), { dashboard: 'default', filters: { severity: 'ERROR' } });
  const wrong = await tried('panel_data', { id: 'no-such-panel' });
  assert.match(wrong.said, / 404 /);
  assert.deepEqual(foreign, []);
  await close();
});

test('the documentation reads without script', async () => {
  const { page, close } = await person(browser, server.url, { javaScriptEnabled: false });
  await signIn(page, 'analyst@example.com');
  await page.goto('/docs');
  assert.ok(await page.locator('#panel_data').getByText('disable_aggregation').first().isVisible());
  assert.equal(await page.locator('form.try button').first().isVisible(), false, 'nothing is offered that would not work');
  await close();
});
