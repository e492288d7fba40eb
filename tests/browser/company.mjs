// The journey of somebody who signs in with their company's account. Which provider it is makes no difference to it.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { person, findings } from './stage.mjs';

/** A port of loopback that is free at this moment: a provider has to know where Loggia will be. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Signs in from the sign-in page on; `fill` knows the provider's form. */
export async function signInWith(page, url, fill, login, next = '/') {
  await page.goto(`/login?next=${encodeURIComponent(next)}`);
  await page.getByRole('link', { name: 'Sign in with Corp & Sons' }).click();
  await fill(page, login);
  await page.waitForURL((at) => at.href.startsWith(url) && !at.pathname.startsWith('/login'));
}

/** Waits until something is so. */
export async function eventually(what, isSo, seconds = 40) {
  for (let tries = 0; tries < seconds * 4; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  assert.fail(`in vain waited for: ${what}`);
}

/** Two tenants, the switch between them, an open page whose tokens are renewed, and signing out everywhere. */
export async function journey({ browser, url, fill, farewell, renewals, before, options = {} }) {
  const { page, complaints, close } = await person(browser, url, options);
  await signInWith(page, url, fill, 'ann', '/?all=1');
  await page.getByRole('link', { name: 'Global Retail', exact: true }).waitFor();
  await page.getByRole('link', { name: 'Acme Corp', exact: true }).click();
  await page.waitForURL('**/tenant/acme-corp/dashboard/default**');
  assert.equal((await page.goto('/tenant/this-server')).status(), 403, 'no claim names that tenant');
  await page.goto('/tenant/acme-corp/dashboard/default?refresh=5s');
  await page.locator('summary', { hasText: 'Tenant:' }).click();
  await page.getByRole('link', { name: 'Global Retail', exact: true }).click();
  await page.waitForURL('**/tenant/global-retail/dashboard/default**');

  if (options.javaScriptEnabled !== false) {
    await before?.();
    // The page stays open: what it asks for by itself must bring new tokens, and must not tell of it.
    await page.goto('/tenant/acme-corp/dashboard/default?refresh=5s');
    complaints.length = 0; // what the provider's own pages complained of, and the 403 above
    const were = await renewals();
    await eventually('new tokens', async () => (await renewals()) > were);
    const panel = page.locator('.panel[data-state=ready]').first();
    const was = await panel.getAttribute('data-at');
    await page.waitForFunction((at) => document.querySelector('.panel[data-state=ready]').dataset.at !== at, was);
    assert.equal(await page.getByText('You are signed out').count(), 0);
    assert.deepEqual(complaints, []);
  }

  await page.getByRole('button', { name: 'Sign out' }).click();
  await farewell(page);
  await page.waitForURL((at) => at.pathname === '/login' && at.href.startsWith(url));
  // The session at the provider has ended too: it asks again who this is.
  await page.getByRole('link', { name: 'Sign in with Corp & Sons' }).click();
  await fill(page, 'ann');
  await page.waitForURL((at) => at.href.startsWith(url));
  await close();
}

/** Somebody who signed in twice is out everywhere when the provider says so, whatever page is open. */
export async function outEverywhere({ browser, url, fill, endAll }) {
  const first = await person(browser, url), second = await person(browser, url);
  for (const { page } of [first, second]) await signInWith(page, url, fill, 'ann', '/tenant/acme-corp/dashboard/default?refresh=5s');
  await endAll();
  for (const { page, close } of [first, second]) {
    await page.getByText('You are signed out').first().waitFor();
    await page.goto('/');
    await page.waitForURL('**/login**');
    await close();
  }
}

/** The sign-in page with the provider's button: for axe, and on a phone. */
export async function page(browser, url, folder) {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1360, 360]) {
      const { page: at, close } = await person(browser, url, { colorScheme, viewport: { width, height: 800 } });
      await at.goto('/login');
      assert.deepEqual(await findings(at), []);
      assert.ok((await at.evaluate(() => document.documentElement.scrollWidth)) <= width);
      await at.screenshot({ path: `${folder}/login-company-${colorScheme}-${width}.png`, fullPage: true });
      await close();
    }
  }
}
