// Every page: nothing for axe-core to find in light and dark, no sideways scrolling at 360 px, readable on paper.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { serve, browse, person, signIn, findings, out, root } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

const signedOut = ['/login'];
const signedIn = [
  '/?all=1', '/logout', '/help/panels', '/docs', '/no-such-page', '/tenant/no-such-tenant',
  '/tenant/acme-corp/dashboard/default', '/tenant/acme-corp/dashboard/overview', '/tenant/acme-corp/dashboard/customer-ltv', '/tenant/acme-corp/dashboard/states',
  '/tenant/global-retail/dashboard/default', '/tenant/global-retail/dashboard/customer-ltv', '/tenant/this-server/dashboard/default',
  '/tenant/acme-corp/dashboard/default?kiosk=1', '/tenant/acme-corp/dashboard/default?from=nonsense',
];

/** One panel alone of each kind that the operations dashboard has. */
async function alone(page) {
  await page.goto('/tenant/acme-corp/dashboard/default');
  return page.$$eval('.panel h2 a', (links) => {
    const kinds = new Map();
    for (const link of links) kinds.set(link.closest('.panel').className.match(/kind-(\w+)/)[1], link.getAttribute('href'));
    return [...kinds.values()];
  });
}

const name = (path, how) => `${path.replace(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '') || 'home'}-${how}.png`;

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing on any page in ${scheme}`, async () => {
    const { page, close } = await person(browser, server.url, { colorScheme: scheme });
    const found = [];
    const look = async (path) => {
      await page.goto(path);
      await page.waitForFunction(() => !document.querySelector('.panel[data-state=loading]'));
      found.push(...(await findings(page)).map((finding) => `${path}: ${finding}`));
      await page.screenshot({ path: join(out, name(path, scheme)), fullPage: true });
    };
    for (const path of signedOut) await look(path);
    await signIn(page, 'admin@example.com');
    for (const path of [...signedIn, ...(await alone(page))]) await look(path);
    assert.deepEqual(found, []);
    await close();
  });
}

test('no page scrolls sideways at 360 px', async () => {
  const { page, close } = await person(browser, server.url, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  const wide = [];
  const look = async (path) => {
    await page.goto(path);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 360) wide.push(`${path}: ${width} px`);
    await page.screenshot({ path: join(out, name(path, 'phone')), fullPage: true });
  };
  for (const path of signedOut) await look(path);
  await signIn(page, 'admin@example.com');
  for (const path of [...signedIn, ...(await alone(page))]) await look(path);
  assert.deepEqual(wide, []);
  await close();
});

test('the pictures of the documentation are taken', async () => {
  const { page, close } = await person(browser, server.url, { viewport: { width: 1360, height: 1000 } });
  await signIn(page, 'analyst@example.com');
  for (const [path, theme, file] of [
    ['/tenant/acme-corp/dashboard/default', 'light', 'dashboard.png'],
    ['/tenant/acme-corp/dashboard/default', 'dark', 'dashboard-dark.png'],
    ['/tenant/global-retail/dashboard/customer-ltv', 'light', 'customer-ltv.png'],
  ]) {
    await page.goto(`${path}?theme=${theme}`);
    await page.locator('.panel[data-state=ready]').first().waitFor();
    await page.evaluate(() => document.fonts.ready);
    // Committed only when asked for: the pictures change with the clock.
    const folder = process.env.LOGGIA_WRITE_DOCS ? join(root, 'docs') : out;
    await page.screenshot({ path: join(folder, file) });
  }
  await close();
});
