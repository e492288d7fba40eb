// Reports on paper: Chromium prints them on A4 and on Letter, and every page is read back.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serve, browse, person, signIn, out } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

/** The printed pages, each as text. */
async function print(page, name, format) {
  const file = join(out, `${name}-${format}.pdf`);
  await writeFile(file, await page.pdf({ format, preferCSSPageSize: false, printBackground: true }));
  return execFileSync('pdftotext', ['-layout', file, '-'], { maxBuffer: 64e6 }).toString().split('\f').slice(0, -1);
}

const sizes = { A4: [595, 842], Letter: [612, 792] };

/** Marks the upper and the lower end of every chart with a word of its own, and finds both on the same printed page. */
async function noChartIsCut(page, name) {
  const count = await page.locator('.chart').evaluateAll((charts) => charts.forEach((chart, i) => {
    const mark = (word, y) => {
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      for (const [key, value] of Object.entries({ width: 90, height: 10, class: 'mark-of-the-test' })) svg.setAttribute(key, value);
      const text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
      for (const [key, value] of Object.entries({ x: 0, y, 'font-size': 7, fill: '#000' })) text.setAttribute(key, value);
      text.textContent = word;
      svg.append(text);
      return svg;
    };
    chart.before(mark(`UPPER${i}END`, 8));
    chart.after(mark(`LOWER${i}END`, 8));
  })).then(() => page.locator('.chart').count());
  assert.ok(count > 2, `${count} charts`);
  for (const format of Object.keys(sizes)) {
    const pages = await print(page, `${name}-marked`, format);
    const where = (word) => pages.flatMap((text, i) => (text.includes(word) ? [i + 1] : []));
    for (let i = 0; i < count; i += 1) {
      const [upper, lower] = [where(`UPPER${i}END`), where(`LOWER${i}END`)];
      assert.ok(upper.length === 1 && lower.length === 1, `chart ${i} is printed once on ${format}: ${upper} ${lower}`);
      assert.equal(upper[0], lower[0], `chart ${i} is cut by the end of page ${upper[0]} of ${format}`);
    }
  }
  await page.locator('.mark-of-the-test').evaluateAll((marks) => marks.forEach((mark) => mark.remove()));
}

test('a dashboard prints page by page, light and numbered, and no chart is cut', async () => {
  const viewer = await person(browser, server.url, { colorScheme: 'dark' });
  await signIn(viewer.page, 'viewer@acme.example');
  await viewer.page.goto('/tenant/acme-corp/dashboard/default');
  await viewer.page.locator('a[href*="/report/dashboard/"]').click();
  await viewer.page.waitForURL(/\/report\/dashboard\/default/);
  const ground = await viewer.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(ground, 'rgb(255, 255, 255)', 'paper is light, whatever the screen');
  const titles = await viewer.page.locator('.panel h2').allTextContents();
  assert.ok(titles.length > 3);
  for (const format of Object.keys(sizes)) {
    const pages = await print(viewer.page, 'dashboard', format);
    assert.ok(pages.length >= 2, `${pages.length} pages`);
    pages.forEach((text, i) => assert.match(text, new RegExp(`Page ${i + 1} of ${pages.length}`)));
    const text = pages.join('\n');
    for (const title of titles) assert.ok(text.includes(title.trim()), `${title} is printed`);
    assert.match(pages[0], /Acme Corp.* to .*\(New York\)/);
    assert.match(pages[0], /Made .* by /);
    assert.ok(!text.includes('Back to the dashboard'), 'links to files are not printed');
  }
  await noChartIsCut(viewer.page, 'dashboard');
  // No chart is higher than what is left of a page: it stands on one page as a whole.
  await viewer.page.emulateMedia({ media: 'print' });
  const charts = await viewer.page.locator('.chart').evaluateAll((all) => all.map((c) => [c.closest('.panel').getBoundingClientRect().height, getComputedStyle(c.closest('.panel')).breakInside]));
  assert.ok(charts.length > 0);
  for (const [height, breaks] of charts) assert.ok(height < 900 && breaks === 'avoid', `${height} ${breaks}`);
  assert.deepEqual(viewer.complaints, []);
  await viewer.close();
});

test('a long table prints whole, with its headings on every page', async () => {
  const viewer = await person(browser, server.url);
  await signIn(viewer.page, 'viewer@acme.example');
  await viewer.page.goto('/tenant/acme-corp/dashboard/default');
  const panel = await viewer.page.locator('.kind-table').first().getAttribute('id');
  const key = panel.replace(/^p-/, '');
  await viewer.page.goto(`/tenant/acme-corp/report/${key}?from=now-90d&to=now`);
  const rows = await viewer.page.locator('.kind-table tbody tr').count();
  const headings = (await viewer.page.locator('.kind-table thead th').allTextContents()).map((text) => text.trim());
  const csv = await viewer.page.context().request.get(`/tenant/acme-corp/report/${key}.csv?from=now-90d&to=now`);
  assert.equal((await csv.text()).trim().split('\r\n').length - 1, rows, 'as many rows as the file');
  for (const format of Object.keys(sizes)) {
    const pages = await print(viewer.page, 'table', format);
    console.log(`${rows} rows on ${pages.length} pages of ${format}`);
    const withRows = pages.filter((text) => /\d\d:\d\d:\d\d/.test(text));
    for (const text of withRows) for (const heading of headings) assert.ok(text.includes(heading), `${heading} on every page:\n${text.slice(0, 400)}`);
    pages.forEach((text, i) => assert.match(text, new RegExp(`Page ${i + 1} of ${pages.length}`)));
  }
  await viewer.close();
});

test('the files of a panel are one click away from the panel alone', async () => {
  const viewer = await person(browser, server.url);
  await signIn(viewer.page, 'viewer@acme.example');
  await viewer.page.goto('/tenant/acme-corp/dashboard/default?from=now-48h&to=now');
  await viewer.page.locator('.kind-timeseries h2 a').first().click();
  const [download] = await Promise.all([viewer.page.waitForEvent('download'), viewer.page.getByRole('link', { name: 'CSV', exact: true }).click()]);
  assert.match(download.suggestedFilename(), /^acme-corp_[A-Za-z0-9-]+_\d{4}-\d\d-\d\dT\d\d-\d\d_\d{4}-\d\d-\d\dT\d\d-\d\d\.csv$/);
  const text = await readFile(await download.path(), 'utf8');
  assert.match(text.split('\r\n')[1], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-0[45]:00,/);
  await viewer.close();
});
