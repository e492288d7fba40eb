// The demo as a stranger meets it: start, memory, first load, page, fifty viewers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from './load.mjs';
import { holds, note } from './report.mjs';
import { memory, processor, root, serve, signIn, states } from './server.mjs';

const PAGE = '/tenant/acme-corp/dashboard/default';

export async function demo() {
  const home = await mkdtemp(join(tmpdir(), 'loggia-bench-demo-'));
  // More requests a second come from one address here than any person makes.
  const place = { cwd: home, env: { LOGGIA_DATA_DIR: join(home, 'data'), LOGGIA_TENANTS_DIR: join(root, 'tenants'), LOGGIA_RATE_LIMIT__ENABLED: 'false' } };
  try {
    await firstStart(place);
    await secondStart(place);
    await loaded(place);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function firstStart(place) {
  const server = await serve(['--demo'], place);
  note('demo: first start until it listens (makes its data)', server.startMs, 'ms');
  const seen = await tour(server);
  note('demo: resident after a first tour of all dashboards', memory(server.pid), 'MB', { most: 50, beside: `${seen} dashboards; at its peak ${memory(server.pid, 'VmHWM').toFixed(0)} MB` });
  await server.stop();
}

async function secondStart(place) {
  const starts = [];
  for (let time = 0; time < 3; time += 1) {
    const server = await serve(['--demo'], place);
    starts.push(server.startMs);
    await server.stop();
  }
  note('demo: second start until it listens', starts.sort((a, b) => a - b)[1], 'ms', { most: 1000, beside: 'median of three' });
  const server = await serve(['--demo'], place);
  await sleep(60_000);
  note('demo: idle memory, 60 s after a second start', memory(server.pid), 'MB', { beside: `${(processor(server.pid) * 1000 / 60).toFixed(1)} ms of processor a second` });
  await tour(server);
  note('demo: the same after a tour', memory(server.pid), 'MB', { most: 50 });
  await server.stop();
}

/** Looks at every dashboard of every tenant, as the operator. */
async function tour(server) {
  const cookie = await signIn(server.url, 'admin@example.com', 'demo');
  const caller = new Caller(server.url, { headers: { cookie } });
  const links = async (path, pattern) => new Set([...(await caller.text(path)).matchAll(pattern)].map((found) => found[1]));
  const dashboards = new Set();
  for (const tenant of await links('/?all=1', /href="\/tenant\/([a-z0-9-]+)/g)) {
    for (const dashboard of await links(`/tenant/${tenant}/dashboard/default`, /href="(\/tenant\/[a-z0-9-]+\/dashboard\/[\w-]+)"/g)) {
      if (dashboard.startsWith(`/tenant/${tenant}/`)) dashboards.add(dashboard);
    }
  }
  for (const dashboard of dashboards) await caller.ask(dashboard);
  caller.close();
  return dashboards.size;
}

async function loaded(place) {
  const server = await serve(['--demo'], place);
  const cookie = await signIn(server.url, 'viewer@acme.example', 'demo');
  try {
    await firstLoad(server, cookie);
    await page(server, cookie);
    await crowd(server, cookie);
  } finally {
    await server.stop();
  }
}

/** Everything a browser asks for on its first visit, as it comes over the wire. */
async function firstLoad(server, cookie) {
  const caller = new Caller(server.url, { headers: { cookie } });
  const html = await caller.text(PAGE);
  const drawn = states(html);
  holds('acme-corp/default: one answer has every panel drawn', drawn.length >= 8 && !drawn.includes('loading'), `${drawn.length} panels without script`);
  const parts = new Set([...html.matchAll(/<(?:link|script)[^>]+(?:href|src)="([^"]+)"/g)].map((found) => found[1]));
  const sizes = [];
  for (const path of [PAGE, ...parts]) {
    const answer = await caller.ask(path);
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    sizes.push({ name: path === PAGE ? 'page' : path.split('/').at(-1).split('?')[0], bytes: answer.bytes + answer.head });
  }
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0) / 1024;
  const words = sizes.map(({ name, bytes }) => `${name} ${(bytes / 1024).toFixed(1)}`).join(', ');
  note('acme-corp/default: first load, all requests with their headers', total, 'KB', { most: 80, beside: words });
  note('acme-corp/default: the page before compression', html.length / 1024, 'KB');
  caller.close();
}

async function page(server, cookie) {
  const caller = new Caller(server.url, { headers: { cookie } });
  await caller.many(20, () => PAGE);
  const health = await caller.many(300, () => '/health');
  const baseline = `/health ${health.p50.toFixed(2)} ms`;
  const warm = await caller.many(200, () => PAGE);
  note('acme-corp/default: page, warm, median', warm.p50, 'ms', { most: 100, beside: `${baseline}; p95 ${warm.p95.toFixed(1)} ms` });
  const fresh = await caller.many(60, () => `${PAGE}?fresh=1`);
  note('acme-corp/default: page, every panel asked anew, median', fresh.p50, 'ms', { beside: `p95 ${fresh.p95.toFixed(1)} ms` });
  caller.close();
}

async function crowd(server, cookie) {
  const caller = new Caller(server.url, { connections: 50, headers: { cookie } });
  await caller.many(100, () => PAGE);
  const used = processor(server.pid);
  const run = await caller.many(1500, () => PAGE);
  const spent = (processor(server.pid) - used) * 1000 / run.count;
  note('acme-corp/default: 50 viewers at once', run.count / run.seconds, 'pages/s', { beside: `p50 ${run.p50.toFixed(0)} ms, p95 ${run.p95.toFixed(0)} ms; ${spent.toFixed(1)} ms of processor a page` });
  note('demo: resident after fifty viewers', memory(server.pid), 'MB');
  caller.close();
}
