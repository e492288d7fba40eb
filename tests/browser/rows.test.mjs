// From a panel to its file: click, every reading in place of means, CSV; and row by row what the database itself says.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serve, browse, person, signIn } from './stage.mjs';

let server, browser;
before(async () => { server = await serve(); browser = await browse(); });
after(async () => { await browser?.close(); await server?.stop(); });

const board = '/tenant/acme-corp/dashboard/default';
const hour = 3_600_000;

/** A range of past hours, which no new reading changes any more. */
function past(from, to) {
  const now = Math.floor(Date.now() / hour) * hour;
  const [begin, end] = [new Date(now - from * hour), new Date(now - to * hour)];
  return { begin, end, query: `from=${begin.toISOString()}&to=${end.toISOString()}` };
}

/** What the tenant's database answers, asked by itself. */
function database(sql) {
  const out = execFileSync('sqlite3', ['-readonly', '-json', join(server.data, 'acme-corp.db'), sql], { maxBuffer: 64e6 });
  return JSON.parse(out.toString() || '[]');
}

const stored = (at) => at.toISOString().slice(0, 19).replace('T', ' ');
const told = (text) => new Date(`${text.replace(' ', 'T')}Z`).getTime();

/** The readings of a panel's lines in a range. */
function readings({ begin, end }, more = '') {
  return database(`SELECT recorded_at AS at, server_name AS name, cpu_percent AS value FROM metrics
    WHERE metric_type = 'cpu' AND server_name <> 'ec2-53ea38' AND recorded_at >= '${stored(begin)}' AND recorded_at < '${stored(end)}' ${more}`);
}

/** A CSV without quotes as rows. */
function rows(text) {
  assert.ok(text.endsWith('\r\n') && !text.includes('"'));
  return text.slice(0, -2).split('\r\n').map((line) => line.split(','));
}

/** The file holds what the database says: as many rows, line by line, each of them the same. */
function same(csv, wanted) {
  const [heading, ...got] = rows(csv);
  assert.deepEqual(heading, ['time', 'series', 'value']);
  assert.equal(got.length, wanted.length);
  const outOfTurn = got.filter(([time, name], i) => {
    const [before, last] = got[i - 1] ?? ['', ''];
    return name < last || (name === last && new Date(time) < new Date(before));
  });
  assert.deepEqual(outOfTurn, [], 'line by line, each in the order of its times');
  assert.ok(got.every(([time]) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-0[45]:00$/.test(time)), 'times with the zone of New York');
  const key = (at, name, value) => `${at} ${name} ${value}`;
  const mine = got.map(([time, name, value]) => key(new Date(time).getTime(), name, Number(value))).sort();
  const theirs = wanted.map(({ at, name, value }) => key(told(at), name, value)).sort();
  assert.deepEqual(mine, theirs);
}

async function download(page, link) {
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
}

test('a click, aggregation off, and the CSV has every reading of the database', async () => {
  const { page, complaints, close } = await person(browser, server.url, { acceptDownloads: true });
  await signIn(page, 'viewer@acme.example');
  const range = past(40, 4);
  await page.goto(`${board}?${range.query}`);
  await page.locator('#p-cpu_by_instance h2 a').click();
  const dialog = page.locator('dialog[open]');
  await dialog.locator('#p-cpu_by_instance-close .chart').waitFor();
  const means = await download(page, dialog.getByRole('link', { name: 'CSV', exact: true }));
  await dialog.getByRole('button', { name: 'Disable aggregation' }).click();
  await dialog.getByRole('button', { name: 'Aggregation is off' }).waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('dialog[open] a')].some((a) => a.textContent.trim() === 'CSV' && a.href.includes('cpu_by_instance.raw=1')));
  const file = await download(page, dialog.getByRole('link', { name: 'CSV', exact: true }));
  const wanted = readings(range);
  assert.ok(wanted.length > 1_000, `${wanted.length} readings`);
  same(file.text, wanted);
  assert.ok(rows(means.text).length < wanted.length, 'aggregated, it is fewer');
  assert.match(file.name, /^acme-corp_cpu-by-instance_\d{4}-\d\d-\d\dT\d\d-\d\d_\d{4}-\d\d-\d\dT\d\d-\d\d\.csv$/);
  // The same as JSON.
  const json = await download(page, dialog.getByRole('link', { name: 'JSON', exact: true }));
  const parsed = JSON.parse(json.text);
  assert.equal(parsed.truncated, false);
  assert.equal(parsed.rows.length, wanted.length);
  assert.deepEqual(complaints, []);
  await close();
});

test('the same without a script, under a filter, and one series alone', async () => {
  const { page, close } = await person(browser, server.url, { javaScriptEnabled: false, acceptDownloads: true });
  await signIn(page, 'viewer@acme.example');
  const range = past(30, 6);
  const [{ name }] = readings(range, 'GROUP BY server_name');
  await page.goto(`${board}?${range.query}&var-instance=${name}`);
  await page.locator('#p-cpu_by_instance h2 a').click();
  await page.waitForURL(/\/detail\?/);
  await page.getByRole('button', { name: 'Disable aggregation' }).click();
  await page.waitForURL(/\.raw=1/);
  const file = await download(page, page.getByRole('link', { name: 'CSV', exact: true }));
  const wanted = readings(range, `AND server_name = '${name}'`);
  assert.ok(wanted.length > 100, `${wanted.length} readings`);
  same(file.text, wanted);
  await close();
});

test('every panel of the page follows a filter, and no other row is left', async () => {
  const { page, complaints, close } = await person(browser, server.url);
  await signIn(page, 'analyst@example.com');
  const services = database("SELECT service, count(*) AS n FROM error_logs WHERE severity IN ('WARNING', 'ERROR', 'CRITICAL') GROUP BY service ORDER BY n DESC");
  assert.ok(services.length > 1);
  const [{ service }] = services;
  await page.goto(`${board}?from=now-30d&to=now`);
  await page.locator('#p-recent_errors[data-state=ready]').waitFor();
  await page.locator('form[data-vars]').getByLabel('Service').selectOption(service);
  await page.waitForURL(/var-service=/);
  await page.waitForFunction((name) => {
    const cells = [...document.querySelectorAll('#p-recent_errors tbody tr td:nth-child(2)')];
    return cells.length > 0 && cells.every((cell) => cell.textContent.trim() === name);
  }, service);
  // The page as it is drawn anew says the same as the fragments that script swapped in.
  await page.reload();
  const cells = await page.locator('#p-recent_errors tbody tr td:nth-child(2)').allTextContents();
  assert.ok(cells.length > 0 && cells.every((text) => text.trim() === service));
  assert.deepEqual(complaints, []);
  await close();
});
