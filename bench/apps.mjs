// The proxy in front of hosted apps beside nginx in front of the same upstream, turn by turn in the same run; and bodies of a gigabyte
// up and down with the memory they take.
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Caller, summary } from './load.mjs';
import { holds, note } from './report.mjs';
import { command, memory, serve, signIn } from './server.mjs';

const PASSWORD = 'a-long-enough-pass-phrase';
const TURNS = 5;
const SECONDS = 4;
const GIGABYTE = 1_000_000_000;
const FILE = '/dash/bench/assets/small.css';

export async function apps() {
  const home = await mkdtemp(join(tmpdir(), 'loggia-bench-apps-'));
  await chmod(home, 0o755); // nginx' worker is somebody else
  const [upstream, proxy] = [await freePort(), await freePort()];
  const nginx = await startNginx(home, upstream, proxy);
  const sink = await bodies();
  await write(home, upstream, sink.port);
  const place = {
    cwd: home,
    env: { LOGGIA_DATA_DIR: join(home, 'data'), LOGGIA_TENANTS_DIR: join(home, 'tenants'), LOGGIA_SECRET_KEY: 'only-for-this-bench-0123456789abcdef', LOGGIA_RATE_LIMIT__ENABLED: 'false', LOGGIA_APPS__TRUSTED: 'true' },
  };
  command(['apply'], place);
  command(['user', 'create', 'viewer@bench.example', '--tenant', 'bench'], { ...place, input: `${PASSWORD}\n` });
  const server = await serve([], place);
  try {
    const cookie = await signIn(server.url, 'viewer@bench.example', PASSWORD);
    const page = await new Caller(server.url, { headers: { cookie } }).text('/tenant/bench/dashboard/app');
    const src = /<iframe [^>]*src="([^"]+)"/.exec(page)[1].replaceAll('&amp;', '&').replaceAll('&#38;', '&');
    const headers = { cookie, referer: new URL(src, server.url).href };
    // the first token waits for the key it is signed with, which is made then
    await new Caller(server.url, { headers }).text(FILE);
    await small(server, proxy, headers);
    await large(server, headers);
  } finally {
    await server.stop();
    nginx.kill('SIGTERM');
    sink.close();
    await rm(home, { recursive: true, force: true });
  }
}

/** Requests a second and the median of each, turn by turn. */
async function small(server, proxy, headers) {
  const ours = { url: new URL(FILE, server.url).href, headers };
  const theirs = { url: `http://127.0.0.1:${proxy}${FILE}`, headers: {} };
  for (const one of [ours, theirs]) wrk(one, 1);
  const [mine, other] = [[], []];
  for (let turn = 0; turn < TURNS; turn += 1) {
    mine.push(wrk(ours, SECONDS));
    other.push(wrk(theirs, SECONDS));
  }
  const median = (list, of) => summary(list.map(of)).p50;
  const [fast, nginx] = [median(mine, (run) => run.rate), median(other, (run) => run.rate)];
  note('a small file of an app, 16 connections', fast, 'requests/s', { beside: `nginx: ${nginx.toFixed(0)} requests/s` });
  note('… beside nginx in front of the same upstream', fast / nginx, '×', { least: 0.7 });
  const alone = async ({ url, headers: own }) => {
    const caller = new Caller(url, { headers: own });
    const times = await caller.many(3000, () => FILE);
    caller.close();
    return times.p50;
  };
  const [slow, plain] = [[], []];
  for (let turn = 0; turn < 3; turn += 1) {
    slow.push(await alone(ours));
    plain.push(await alone(theirs));
  }
  const [a, b] = [summary(slow).p50, summary(plain).p50];
  note('… one after the other, median', a, 'ms', { beside: `nginx: ${b.toFixed(2)} ms` });
  note('… later than nginx by', a - b, 'ms', { most: 1 });
}

/** A gigabyte each way. */
async function large(server, headers) {
  // the most it ever had was while a password was checked
  await writeFile(`/proc/${server.pid}/clear_refs`, '5');
  const before = memory(server.pid, 'VmHWM');
  const down = await stream(server, headers, 'GET');
  const up = await stream(server, headers, 'POST');
  const grown = memory(server.pid, 'VmHWM') - before;
  holds('a gigabyte down is a gigabyte', down.bytes === GIGABYTE);
  holds('a gigabyte up is a gigabyte', up.answer === String(GIGABYTE));
  note('a gigabyte down through the proxy', GIGABYTE / 1e6 / down.seconds, 'MB/s', {});
  note('a gigabyte up through the proxy, chunked', GIGABYTE / 1e6 / up.seconds, 'MB/s', {});
  note('… memory the server took more for both, at most', grown, 'MB', { most: 10 });
}

function stream(server, headers, method) {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const sent = { ...headers, ...(method === 'POST' && { 'sec-fetch-site': 'same-origin', 'transfer-encoding': 'chunked' }) };
    const request = http.request(new URL('/dash/bodies/one', server.url), { method, headers: { ...sent, referer: '' } }, (answer) => {
      let [bytes, text] = [0, ''];
      answer.on('data', (chunk) => { bytes += chunk.length; if (method === 'POST') text += chunk; });
      answer.on('error', reject);
      answer.on('end', () => resolve({ bytes, answer: text, seconds: (performance.now() - begun) / 1000 }));
    });
    request.on('error', reject);
    if (method === 'GET') return request.end();
    pour(request, GIGABYTE);
  });
}

/** So many bytes into a stream, as fast as it takes them. */
function pour(into, left) {
  const piece = Buffer.alloc(65_536, 'x');
  const go = () => {
    while (left > 0) {
      const now = left < piece.length ? piece.subarray(0, left) : piece;
      left -= now.length;
      if (!into.write(now)) return into.once('drain', go);
    }
    into.end();
  };
  go();
}

/** An upstream that gives a gigabyte, and counts what it is given. */
async function bodies() {
  const server = http.createServer((request, answer) => {
    if (request.method === 'GET') {
      answer.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(GIGABYTE) });
      return pour(answer, GIGABYTE);
    }
    let bytes = 0;
    request.on('data', (chunk) => { bytes += chunk.length; });
    request.on('end', () => answer.end(String(bytes)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, close: () => { server.close(); server.closeAllConnections(); } };
}

function wrk({ url, headers }, seconds) {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const done = spawnSync('wrk', ['-t1', '-c16', `-d${seconds}s`, '--latency', ...lines, url], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`wrk: ${done.stderr}`);
  if (/Non-2xx/.test(done.stdout)) throw new Error(`wrk met refusals:\n${done.stdout}`);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(done.stdout)[1]) };
}

async function startNginx(home, upstream, proxy) {
  await mkdir(join(home, 'www', 'assets'), { recursive: true });
  await writeFile(join(home, 'www', 'assets', 'small.css'), 'body { margin: 0 }\n'.repeat(50));
  const config = `
daemon off; worker_processes 1; pid ${home}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path ${home}/body; proxy_temp_path ${home}/proxy; fastcgi_temp_path ${home}/f; uwsgi_temp_path ${home}/u; scgi_temp_path ${home}/s;
  keepalive_requests 1000000;
  types { text/css css; }
  server { listen 127.0.0.1:${upstream}; root ${home}/www; }
  upstream files { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${proxy};
    location /dash/bench/ { proxy_pass http://files/; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_buffering off; }
  }
}`;
  await writeFile(join(home, 'nginx.conf'), config);
  const program = spawnSync('sh', ['-c', 'command -v nginx || ls /usr/sbin/nginx'], { encoding: 'utf8' }).stdout.trim();
  if (!program) throw new Error('nginx is missing: apt-get install nginx-light');
  const child = spawn(program, ['-p', home, '-c', join(home, 'nginx.conf')], { stdio: 'ignore' });
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`http://127.0.0.1:${proxy}${FILE}`).catch(() => undefined);
    if (answer?.ok) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGTERM');
  throw new Error('nginx does not answer');
}

async function write(home, upstream, sink) {
  await mkdir(join(home, 'tenants', '_shared', 'apps'), { recursive: true });
  await mkdir(join(home, 'tenants', 'bench', 'dashboards'), { recursive: true });
  const put = (path, content) => writeFile(join(home, 'tenants', path), JSON.stringify(content));
  await put('_shared/apps/bench.yaml', { app: { title: 'Bench', upstream: { url: `http://127.0.0.1:${upstream}` } } });
  await put('_shared/apps/bodies.yaml', { app: { title: 'Bodies', upstream: { url: `http://127.0.0.1:${sink}` }, body_limit: '2GB' } });
  await put('bench/tenant.yaml', { tenant: { name: 'Bench', apps: ['bodies'] } });
  await put('bench/dashboards/app.yaml', { dashboard: { name: 'App', app: 'bench' } });
  await put('bench/dashboards/default.yaml', { dashboard: { name: 'Nothing', panels: [] } });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
