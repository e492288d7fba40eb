// Panels as they are used: nothing runs out of its card, a chart turns into its table and back by keyboard, the mouse and
// a finger read the same values, and a lost connection is told, once, until it is back.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { serve, browse, person, signIn } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

const operations = '/tenant/acme-corp/dashboard/default';

/** What sticks out of its panel on the page as it stands, in words. */
const sticksOut = (page) => page.$$eval('.panel', (panels) => panels.flatMap((panel) => {
  const card = panel.getBoundingClientRect();
  const hidden = (element) => element.closest('.sr, .pop, .scroll, .health, .legend, .end, .x, .note, .detail');
  return [...panel.querySelectorAll('header > *, .because, .told-here, .kpi *, .tools, .pager, .area, .keys, .reason')]
    .filter((element) => !hidden(element) && element.getBoundingClientRect().width > 1)
    .filter((element) => { const box = element.getBoundingClientRect(); return box.right > card.right + 0.5 || box.bottom > card.bottom + 0.5; })
    .map((element) => `${panel.id}: ${element.tagName}.${element.getAttribute('class')} “${element.textContent.trim().slice(0, 40)}”`);
}));

test('nothing runs out of its card at any width', async () => {
  const { page, close } = await person(browser, server.url);
  await signIn(page, 'admin@example.com');
  const found = [];
  for (const width of [360, 768, 1024, 1360, 2560, 3840]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of [operations, '/tenant/acme-corp/dashboard/capacity', '/tenant/acme-corp/dashboard/overview', '/tenant/acme-corp/dashboard/states', '/tenant/global-retail/dashboard/default']) {
      await page.goto(path);
      found.push(...(await sticksOut(page)).map((words) => `${width} px ${path} ${words}`));
    }
  }
  assert.deepEqual(found, []);
  await close();
});

test('a chart turns into its table and back by keyboard, and the focus stays', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'viewer@acme.example');
  await page.goto(operations);
  const panel = page.locator('#p-cpu_by_instance');
  const focused = () => page.evaluate(() => document.activeElement.id);
  await page.locator('#turn-cpu_by_instance').focus();
  await page.keyboard.press('Enter');
  await panel.locator('tbody time').first().waitFor();
  await page.waitForURL(/cpu_by_instance\.view=table/);
  await page.waitForFunction(() => document.activeElement.id === 'turn-cpu_by_instance');
  await page.keyboard.press('Enter');
  await panel.locator('.plot').waitFor();
  await page.waitForURL((url) => !url.search.includes('view=table'));
  await page.waitForFunction(() => document.activeElement.id === 'turn-cpu_by_instance');
  assert.equal(await focused(), 'turn-cpu_by_instance');

  await panel.locator('.hover').focus();
  await page.keyboard.press('End');
  const last = await panel.locator('.readout').textContent();
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await panel.locator('.readout').textContent(), last, 'an arrow goes to the reading before');
  await page.keyboard.press('Escape');
  assert.equal(await panel.locator('.readout').count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('what the mouse reads a finger reads too', async () => {
  const mouse = await person(browser, server.url);
  await signIn(mouse.page, 'viewer@acme.example');
  await mouse.page.goto(operations);
  await mouse.page.locator('#cpu_by_instance .hover').hover();
  assert.match(await mouse.page.locator('#cpu_by_instance .readout').textContent(), /\d\d:\d\d.*%/);
  await mouse.page.locator('#p-services .health time').first().hover();
  assert.match(await mouse.page.locator('.float').textContent(), /^Since .*last checked /);
  assert.equal(await mouse.page.locator('.float').count(), 1, 'one tip at a time');
  await mouse.close();

  const finger = await person(browser, server.url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await signIn(finger.page, 'viewer@acme.example');
  await finger.page.goto(operations);
  await finger.page.locator('#cpu_by_instance .hover').tap();
  assert.match(await finger.page.locator('#cpu_by_instance .readout').textContent(), /\d\d:\d\d.*%/);
  await finger.page.locator('#p-services .health time').first().tap();
  assert.match(await finger.page.locator('.float').textContent(), /^Since /);
  await finger.close();
});

test('a lost connection is told once, over the last drawings, until it is back', async () => {
  const { page, context, close } = await person(browser, server.url);
  await signIn(page, 'viewer@acme.example');
  await page.goto(operations);
  await page.waitForFunction(() => window.htmx);
  const lines = await page.locator('#cpu_by_instance .lines path').count();
  await context.setOffline(true);
  await page.getByRole('link', { name: 'Refresh', exact: true }).click();
  await page.locator('.lost-note').waitFor();
  assert.match(await page.locator('.lost-note').textContent(), /no connection to the server/);
  assert.match(await page.locator('#p-cpu_by_instance .why').textContent(), /^stale since \d\d:\d\d$/);
  assert.equal(await page.locator('#cpu_by_instance .lines path').count(), lines, 'the drawing stays');
  await context.setOffline(false);
  await page.waitForFunction(() => !document.querySelector('.lost-note') && !document.querySelector('[data-lost]'));
  assert.equal(await page.locator('#p-cpu_by_instance .why').count(), 0);

  await context.clearCookies();
  await page.getByRole('link', { name: 'Refresh', exact: true }).click();
  await page.locator('#p-cpu_by_instance .over').getByRole('link', { name: 'Sign in again' }).waitFor();
  await close();
});
