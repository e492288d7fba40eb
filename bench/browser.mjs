// A dashboard as a person waits for it: Chromium with an empty cache, until every panel is drawn.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './server.mjs';

const { chromium } = createRequire(join(root, 'tests', 'browser', 'package.json'))('playwright-core');

/** Opens `path`; with `script` as a browser that has been here before, so that the page comes within its budget. */
export async function coldLoad(url, path, cookie, { script, panels }) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  try {
    const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
    const [name, value] = cookie.split('=');
    const cookies = [{ name, value, url }, ...(script ? [{ name: 'loggia_js', value: '1', url }] : [])];
    await context.addCookies(cookies);
    const page = await context.newPage();
    page.goto(new URL(path, url).href).catch(() => {});
    const drawn = await page.waitForFunction((count) => {
      const all = document.querySelectorAll('[data-state]');
      const ready = [...all].every((panel) => panel.dataset.state === 'ready');
      return document.readyState === 'complete' && all.length === count && ready && performance.now();
    }, panels, { timeout: 30_000 });
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
    return { drawn: await drawn.jsonValue(), ...(await page.evaluate(timings)) };
  } finally {
    await browser.close();
  }
}

function timings() {
  const [visit] = performance.getEntriesByType('navigation');
  const parts = performance.getEntriesByType('resource');
  const [paint] = performance.getEntriesByName('first-contentful-paint');
  return {
    firstByte: visit.responseStart,
    firstPaint: paint.startTime,
    loaded: visit.loadEventEnd,
    requests: 1 + parts.length,
    bytes: [visit, ...parts].reduce((sum, part) => sum + part.transferSize, 0),
  };
}
