// Twenty-four panels over PostgreSQL, ten viewers at once, beside the same SQL without us; and in Chromium with a cold cache.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coldLoad } from './browser.mjs';
import { DAYS, make, sql } from './database.mjs';
import { Caller } from './load.mjs';
import { capture, replay } from './replay.mjs';
import { holds, note } from './report.mjs';
import { command, memory, processor, serve, signIn, states } from './server.mjs';
import { PANELS, write } from './tenant.mjs';

const PAGE = '/tenant/bench/dashboard/default';
const VIEWERS = 10;
const PASSWORD = 'a-long-enough-pass-phrase';

/** A day that ends `minutes` before the last whole minute: no two of them share an answer. */
function day(end, minutes) {
  const to = end - minutes * 60_000;
  return `${PAGE}?from=${new Date(to - 86_400_000).toISOString()}&to=${new Date(to).toISOString()}`;
}

export async function postgres() {
  const address = process.env.LOGGIA_TEST_POSTGRES;
  if (!address) throw new Error('LOGGIA_TEST_POSTGRES is not set: run `make bench`');
  const database = make(address);
  const home = await mkdtemp(join(tmpdir(), 'loggia-bench-postgres-'));
  await write(join(home, 'tenants'));
  const place = {
    cwd: home,
    env: { LOGGIA_DATA_DIR: join(home, 'data'), LOGGIA_TENANTS_DIR: join(home, 'tenants'), LOGGIA_SECRET_KEY: 'only-for-this-bench-0123456789abcdef', LOGGIA_RATE_LIMIT__ENABLED: 'false', BENCH_TENANT_DATABASE: database.reader },
  };
  command(['apply'], place);
  command(['user', 'create', 'viewer@bench.example', '--tenant', 'bench'], { ...place, input: `${PASSWORD}\n` });
  const server = await serve([], place);
  try {
    await measure(server, database, Number(sql(database.owner, 'SELECT count(*) FROM metrics')));
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(server, database, rows) {
  const cookie = await signIn(server.url, 'viewer@bench.example', PASSWORD);
  const end = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
  const one = new Caller(server.url, { headers: { cookie } });
  const html = await one.text(day(end, 0));
  const drawn = states(html);
  holds(`24 panels over ${(rows / 1000).toFixed(0)} k rows: one answer has all of them`, drawn.length === PANELS && drawn.every((state) => state === 'ready'), `${(html.length / 1024).toFixed(0)} KB of HTML`);

  const alone = await one.many(30, (n) => `${day(end, 1 + n)}&fresh=1`);
  note('24 panels, uncached, one viewer, median', alone.p50, 'ms', { beside: `p95 ${alone.p95.toFixed(0)} ms` });
  const statements = await capture(database.owner, () => one.ask(`${day(end, 100)}&fresh=1`));
  const spent = statements.reduce((sum, statement) => sum + statement.ms, 0);
  note('the same page in the database, one viewer', spent, 'ms', { beside: `${statements.length} statements, as PostgreSQL's log times them` });

  const ten = new Caller(server.url, { connections: VIEWERS, headers: { cookie } });
  await ten.many(VIEWERS, (n) => `${day(end, 150 + n)}&fresh=1`);
  const before = processor(server.pid);
  const uncached = await ten.many(400, (n) => `${day(end, 200 + n)}&fresh=1`);
  const ours = (processor(server.pid) - before) * 1000 / uncached.count;
  const raw = replay(database.reader, statements, VIEWERS);
  note(`24 panels, uncached, ${VIEWERS} viewers, p50`, uncached.p50, 'ms', { beside: `the same SQL alone: ${raw.p50.toFixed(0)} ms` });
  note(`24 panels, uncached, ${VIEWERS} viewers, p95`, uncached.p95, 'ms', { most: 500, beside: `the same SQL alone: ${raw.p95.toFixed(0)} ms` });
  note(`24 panels, uncached, ${VIEWERS} viewers, p99`, uncached.p99, 'ms', { beside: `the same SQL alone: ${raw.p99.toFixed(0)} ms; ${(uncached.count / uncached.seconds).toFixed(1)} pages/s; ${ours.toFixed(0)} ms of our processor a page` });
  const cached = await ten.many(400, () => day(end, 0));
  note(`24 panels, cached, ${VIEWERS} viewers, p95`, cached.p95, 'ms', { beside: `p50 ${cached.p50.toFixed(0)} ms; ${(cached.count / cached.seconds).toFixed(0)} pages/s` });
  note('24 panels: resident', memory(server.pid), 'MB', { beside: `the most ${memory(server.pid, 'VmHWM').toFixed(0)} MB` });
  one.close();
  ten.close();
  await inBrowser(server, cookie, end);
}

async function inBrowser(server, cookie, end) {
  const minutes = Math.floor(DAYS * 1440 / 2);
  for (const [n, script] of [false, true].entries()) {
    const visit = await coldLoad(server.url, `${day(end, minutes + n)}&fresh=1`, cookie, { script, panels: PANELS });
    const words = `first byte ${visit.firstByte.toFixed(0)} ms, first paint ${visit.firstPaint.toFixed(0)} ms, loaded ${visit.loaded.toFixed(0)} ms, ${visit.requests} requests, ${(visit.bytes / 1024).toFixed(0)} KB`;
    note(`24 panels in Chromium, cold cache, ${script ? 'a later visit' : 'the first visit'}: all drawn`, visit.drawn, 'ms', { most: 2000, beside: words });
  }
}
