// An author saves a file: the page follows within a second; a broken file leaves the last good version, with a banner for authors alone.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serve, browse, person, signIn } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

/** Reloads until the page says it, as an author would. */
async function comes(page, path, words) {
  const until = Date.now() + 10_000;
  for (;;) {
    await page.goto(path);
    if ((await page.content()).includes(words)) return;
    assert.ok(Date.now() < until, `“${words}” is not on the page within 10 s`);
  }
}

test('a saved file is on the page at once, a broken one leaves the last good version', async () => {
  const viewer = await person(browser, server.url);
  const author = await person(browser, server.url);
  await signIn(viewer.page, 'viewer@acme.example');
  await signIn(author.page, 'admin@example.com');
  const path = '/tenant/acme-corp/dashboard/default';
  const file = join(server.tenants, 'acme-corp', 'dashboards', 'default.yaml');
  const text = await readFile(file, 'utf8');

  await writeFile(file, text.replace(/name: .*/, 'name: "Operations, renamed"'));
  await comes(viewer.page, path, 'Operations, renamed');

  await writeFile(file, text.replace(/name: .*/, 'nmae: "Broken"'));
  await comes(author.page, path, 'did you mean');
  const banner = await author.page.locator('.told').textContent();
  assert.match(banner, /acme-corp\/dashboards\/default\.yaml:\d+:\d+/);
  assert.match(banner, /did you mean .name/);
  await viewer.page.goto(path);
  const seen = await viewer.page.content();
  assert.ok(seen.includes('Operations, renamed'), 'the last good version stays');
  assert.ok(!seen.includes('default.yaml'), 'viewers are not told of files');

  await writeFile(file, text);
  await comes(viewer.page, path, '>Operations<');
  await viewer.close();
  await author.close();
});
