// A real Dash app under gunicorn, through Loggia: whose data its frame shows, what its viewer meets when something breaks, and
// what an app can reach on one origin and on two.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { browse, findings, out, person, serve, signIn } from './stage.mjs';
import { numbers, serveDash } from './dash.mjs';
import { eventually, freePort } from './company.mjs';

const AT = (tenant) => `/tenant/${tenant}/dashboard/customer-ltv`;
const TENANTS = [['acme-corp', 'Acme Corp', 'kyros_acme_prod'], ['global-retail', 'Global Retail', 'kyros_retail_prod']];
let browser, server, app, legacy;

/** Makes the dashboard customer-ltv of both tenants the app. */
async function install(tenants, { upstream, old }, more = '') {
  await mkdir(join(tenants, '_shared', 'apps'), { recursive: true });
  const urls = `  upstream: { url: "${upstream}", strip_prefix: true }\n${old ? `  legacy_upstream: { url: "${old}", strip_prefix: true }\n` : ''}`;
  await writeFile(join(tenants, '_shared', 'apps', 'customer-ltv.yaml'), `app:\n  title: "Customer LTV"\n${urls}${more}`);
  for (const [tenant] of TENANTS) {
    const board = 'dashboard:\n  name: "Customer LTV"\n  app: customer-ltv\n  timezone: "UTC"\n  range: { from: "now-3y", to: "now" }\n';
    await writeFile(join(tenants, tenant, 'dashboards', 'customer-ltv.yaml'), board);
  }
}

const frameOf = (page) => page.frameLocator('.hosted iframe');
const ticks = async (page) => Number(/(\d+) updates/.exec(await frameOf(page).locator('#ticks').textContent())?.[1] ?? 0);
const ticking = async (page, what) => {
  const was = await ticks(page);
  await eventually(what, async () => (await ticks(page)) > was);
};

async function says(page, { customers, average, revenue }) {
  const frame = frameOf(page);
  await frame.locator('#customer-count', { hasText: new RegExp(`^${customers}$`) }).waitFor();
  assert.equal(await frame.locator('#average-value').textContent(), average);
  assert.equal(await frame.locator('#revenue').textContent(), revenue);
}

/** Opens the dashboard and waits for the app in it. */
async function open(page, tenant) {
  await page.goto(AT(tenant));
  await frameOf(page).locator('#heading', { hasText: 'customer lifetime value' }).waitFor();
}

before(async () => {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  [app, legacy] = await Promise.all([
    serveDash({ issuer, tick: 500 }),
    serveDash({ legacy: { catalog: 'kyros_acme_prod', tenant: 'The old way' }, tick: 500 }),
  ]);
  server = await serve({ listen: `127.0.0.1:${port}`, settings: { LOGGIA_TOKEN__APP_TTL_SECONDS: '5', LOGGIA_PUBLIC_URL: issuer } });
  await install(server.tenants, { upstream: app.url, old: legacy.url });
  browser = await browse();
  const { page, close } = await person(browser, server.url);
  await signIn(page, 'admin@example.com');
  await eventually('the dashboard is the app', async () => (await (await page.request.get(AT('acme-corp'))).text()).includes('<iframe'));
  await close();
});
after(async () => { await browser?.close(); await server?.stop(); await app?.stop(); await legacy?.stop(); });

test('Dash renders inside Shell: both tenants see their own numbers in the frame, choose, watch and take away', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'admin@example.com');
  for (const [tenant, name, catalog] of TENANTS) {
    await open(page, tenant);
    const frame = frameOf(page);
    await frame.getByRole('heading', { name: `${name}: customer lifetime value` }).waitFor();
    await says(page, numbers(catalog));
    assert.equal(await page.locator('iframe').getAttribute('title'), `Customer LTV, ${name}`);
    await frame.locator('#customers').click();
    await frame.getByRole('dialog').getByRole('option', { name: 'Those who came back' }).click();
    await says(page, numbers(catalog, 'again'));
    await frame.locator('#months .bars .point').first().waitFor({ state: 'attached' });
    await ticking(page, 'an update by itself');
    const [download] = await Promise.all([page.waitForEvent('download'), frame.getByRole('button', { name: 'Export' }).click()]);
    assert.equal((await readFile(await download.path(), 'utf8')).trim().split(/\r?\n/).length, 101);
    await page.screenshot({ path: `${out}/hosted-${tenant}.png` });
  }
  assert.deepEqual(complaints, []);
  // no token ever reaches the browser: nowhere in the page, its address, its storage, its cookies
  const kept = await page.evaluate(() => JSON.stringify([document.documentElement.outerHTML, { ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.doesNotMatch(kept, /eyJ[\w-]{10,}\./);
  await close();
});

test('two tabs with two tenants stay apart beyond two lives of a token, and signing out ends both at once', async () => {
  const { context, page, close } = await person(browser, server.url);
  await signIn(page, 'admin@example.com');
  const other = await context.newPage();
  await open(page, 'acme-corp');
  await open(other, 'global-retail');
  const began = Date.now();
  const catalog = (at) => frameOf(at).locator('#ticks').textContent();
  while (Date.now() - began < 12_000) {
    await page.bringToFront();
    await ticking(page, 'an update of the first');
    await other.bringToFront();
    await ticking(other, 'an update of the second');
    assert.match(await catalog(page), /^kyros_acme_prod, /);
    assert.match(await catalog(other), /^kyros_retail_prod, /);
  }
  await says(page, numbers('kyros_acme_prod'));
  await says(other, numbers('kyros_retail_prod'));

  await page.bringToFront();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/login**');
  await other.bringToFront();
  await other.locator('.watch', { hasText: 'You are signed out.' }).waitFor();
  const stood = await ticks(other);
  const answer = await other.request.get('/dash/customer-ltv/_dash-layout');
  assert.equal(answer.status(), 401);
  assert.equal(await ticks(other), stood, 'nothing moves any more');
  await other.screenshot({ path: `${out}/hosted-signed-out.png` });
  await other.locator('.watch').getByRole('link', { name: 'Sign in again' }).click();
  await other.waitForURL((at) => at.pathname === '/login' && at.searchParams.get('next').startsWith(AT('global-retail')));
  await close();
});

test('an app that is killed in view is told, and comes back by itself', async () => {
  const { page, close } = await person(browser, server.url);
  await signIn(page, 'viewer@acme.example');
  await open(page, 'acme-corp');
  await ticking(page, 'an update');
  await app.kill();
  const banner = page.locator('.watch', { hasText: 'Not updating since' });
  await banner.waitFor();
  assert.match(await banner.textContent(), /Not updating since \d\d:\d\d: the app does not answer\..*Reference [0-9a-f-]{36}/s);
  await page.screenshot({ path: `${out}/hosted-down.png` });
  // native dashboards don't notice
  assert.equal((await page.request.get('/tenant/acme-corp/dashboard/default')).status(), 200);
  // who opens it now sees why, with a way to try again
  const late = await page.context().newPage();
  await late.goto(AT('acme-corp'));
  await frameOf(late).getByRole('heading', { name: 'The app does not answer' }).waitFor();
  await late.screenshot({ path: `${out}/hosted-unreachable.png` });
  await app.restart();
  await page.bringToFront();
  await banner.waitFor({ state: 'detached' });
  await ticking(page, 'updates again');
  await late.bringToFront();
  await frameOf(late).getByRole('link', { name: 'Try again' }).click();
  await frameOf(late).locator('#heading', { hasText: 'Acme Corp' }).waitFor();
  await close();
});

test('the page around the frame follows theme and range, fits a phone, and axe finds nothing', async () => {
  for (const [colorScheme, width] of [['light', 1360], ['dark', 360]]) {
    const { page, close } = await person(browser, server.url, { colorScheme, viewport: { width, height: 800 } });
    await signIn(page, 'viewer@acme.example');
    await open(page, 'acme-corp');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    await page.locator('iframe').evaluate((frame) => { frame.dataset.height = String(frame.getBoundingClientRect().height); });
    assert.ok(Number(await page.locator('iframe').getAttribute('data-height')) > 300, 'the frame fills the page');
    assert.deepEqual(await findings(page), []);
    const src = new URL(await page.locator('iframe').getAttribute('src'), server.url);
    assert.match(src.searchParams.get('from'), /^\d{4}-\d\d-\d\dT/);
    await page.screenshot({ path: `${out}/hosted-${colorScheme}-${width}.png` });
    if (width > 400) {
      await page.locator('summary', { hasText: 'viewer@acme.example' }).click();
      await page.getByRole('link', { name: 'Dark' }).click();
      await frameOf(page).locator('.theme-dark').waitFor();
    }
    await close();
  }
});

test('Embed security validated: on one origin an app reaches what its viewer reaches; on an origin of its own it does not', async () => {
  const reach = async (page) => {
    await frameOf(page).locator('#heading', { hasText: 'customer lifetime value' }).waitFor();
    const frame = page.frames().find((one) => one !== page.mainFrame());
    return frame.evaluate(async () => {
      const tried = async (what) => { try { return await what(); } catch { return 'refused'; } };
      return {
        title: await tried(() => window.parent.document.title.length > 0),
        through: await tried(async () => (await window.parent.fetch('/api/me')).status),
        cookie: document.cookie,
      };
    });
  };
  // The finding that docs/security.md tells: a sandboxed frame on the same origin is no boundary.
  const one = await person(browser, server.url);
  await signIn(one.page, 'viewer@acme.example');
  await one.page.goto(AT('acme-corp'));
  const same = await reach(one.page);
  assert.deepEqual([same.title, same.through], [true, 200]);
  assert.ok(!same.cookie.split('; ').some((pair) => /^(__Host-)?loggia=/.test(pair)), 'the session itself is out of its reach even there');
  await one.close();

  const port = await freePort();
  const [ours, theirs] = [`http://loggia.localhost:${port}`, `http://apps.loggia.localhost:${port}`];
  const local = `http://127.0.0.1:${port}`;
  const guarded = await serveDash({ issuer: ours, jwksUrl: `${local}/.well-known/jwks.json`, introspectUrl: `${local}/api/token/introspect`, tick: 500 });
  const apart = await serve({ listen: `127.0.0.1:${port}`, settings: { LOGGIA_PUBLIC_URL: ours, LOGGIA_APPS__ORIGIN: theirs } });
  try {
    await install(apart.tenants, { upstream: guarded.url });
    const { page, complaints, close } = await person(browser, ours);
    await signIn(page, 'viewer@acme.example');
    await eventually('the dashboard is the app', async () => { await page.goto(AT('acme-corp')); return (await page.locator('iframe').count()) > 0; });
    const other = await reach(page);
    assert.deepEqual([other.title, other.through, other.cookie], ['refused', 'refused', '']);
    await says(page, numbers('kyros_acme_prod'));
    await ticking(page, 'an update');
    assert.deepEqual(complaints.filter((line) => !/Blocked a frame/.test(line)), []);
    await page.reload();
    await frameOf(page).locator('#heading', { hasText: 'Acme Corp' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/login**');
    await close();
  } finally {
    await apart.stop();
    await guarded.stop();
  }
});
