// The stage of the browser tests: a real server over the demo, a real Chromium, and words for what a person does.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, cp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { record } from './coverage.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const out = join(root, 'tests', 'browser', 'out');
const require = createRequire(import.meta.url);
export const axePath = require.resolve('axe-core/axe.min.js');
const binary = process.env.LOGGIA_BINARY ?? join(root, 'target', 'debug', 'loggia');

/** Starts `loggia serve --demo` on free ports (or where `listen` says) over a copy of the tenants folder, with further settings. */
export async function serve({ listen = '127.0.0.1:0', settings = {} } = {}) {
  const home = await mkdtemp(join(tmpdir(), 'loggia-browser-'));
  const tenants = join(home, 'tenants');
  await cp(join(root, 'tenants'), tenants, { recursive: true });
  await mkdir(out, { recursive: true });
  const child = spawn(binary, ['serve', '--demo', '--listen', listen, '--internal-listen', '127.0.0.1:0'], {
    cwd: home,
    env: { ...process.env, LOGGIA_DATA_DIR: join(home, 'data'), LOGGIA_TENANTS_DIR: tenants, LOGGIA_LOG: 'warn', ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { url, internal } = await new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => reject(new Error(`no address within 120 s:\n${text}`)), 120_000);
    child.stderr.on('data', (chunk) => {
      text += chunk;
      const found = /listening: (http:\S+)\s[^:]*: +(http:\S+)\s/.exec(text);
      if (found) { clearTimeout(late); resolve({ url: found[1].replace(/\/$/, ''), internal: found[2].replace(/\/$/, '') }); }
    });
    child.on('exit', (code) => { clearTimeout(late); reject(new Error(`the server ended with ${code}:\n${text}`)); });
  });
  const stop = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    await rm(home, { recursive: true, force: true });
  };
  return { url, internal, tenants, data: join(home, 'data'), stop };
}

/** Starts Chromium as Debian ships it. */
export function browse() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** A person with a browser window of their own. Errors in the page's console fail the test that asks for them. */
export async function person(browser, url, options = {}) {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1360, height: 900 }, timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  // Without script there is nothing to count.
  const recorded = options.javaScriptEnabled === false ? async () => {} : await record(page);
  return { context, page, complaints, close: async () => { await recorded(); await context.close(); } };
}

/** Signs in on the sign-in page. */
export async function signIn(page, email, password = 'demo') {
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((address) => !address.pathname.startsWith('/login'));
}

/** axe-core's findings on the page as it stands, in words. */
export async function findings(page) {
  await page.addScriptTag({ path: axePath }).catch(async () => {
    // The page's policy allows no foreign script: run it in the test's own world instead.
    const { readFile } = await import('node:fs/promises');
    await page.evaluate(await readFile(axePath, 'utf8'));
  });
  const result = await page.evaluate(async () => window.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations.map((v) => `${v.id}: ${v.help} (${v.nodes.length}×) ${v.nodes[0].target} ${v.nodes[0].html.slice(0, 160)}`);
}
