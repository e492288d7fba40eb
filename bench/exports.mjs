// A million rows as CSV: through the server, and by psql's \copy of the same rows, turn by turn in the same run.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { make, program, sql } from './database.mjs';
import { Caller, summary } from './load.mjs';
import { holds, note } from './report.mjs';
import { command, memory, processor, serve, signIn } from './server.mjs';

const ROWS = 1_000_000;
const TURNS = 5;
const FILE = '/tenant/bench/report/rows.csv';
const PASSWORD = 'a-long-enough-pass-phrase';

export async function exports() {
  const address = process.env.LOGGIA_TEST_POSTGRES;
  if (!address) throw new Error('LOGGIA_TEST_POSTGRES is not set: run `make bench`');
  const database = make(address);
  sql(database.owner, TABLE);
  const home = await mkdtemp(join(tmpdir(), 'loggia-bench-exports-'));
  await write(join(home, 'tenants', 'bench'));
  const place = {
    cwd: home,
    env: { LOGGIA_DATA_DIR: join(home, 'data'), LOGGIA_TENANTS_DIR: join(home, 'tenants'), LOGGIA_SECRET_KEY: 'only-for-this-bench-0123456789abcdef', LOGGIA_RATE_LIMIT__ENABLED: 'false', BENCH_TENANT_DATABASE: database.reader },
  };
  command(['apply'], place);
  command(['user', 'create', 'viewer@bench.example', '--tenant', 'bench'], { ...place, input: `${PASSWORD}\n` });
  const server = await serve([], place);
  try {
    await measure(server, database);
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** Times, texts, floats and exact decimals, in the order of an index. */
const TABLE = `
CREATE TABLE readings (read_at timestamptz NOT NULL, source text NOT NULL, value float8, amount numeric(30, 4));
INSERT INTO readings
  SELECT timestamptz '2026-03-01 00:00Z' + n * interval '1 s', 'source number ' || n % 40, 50 + 30 * sin(n / 5000.0), n * 1.10 FROM generate_series(1, ${ROWS}) AS n;
CREATE INDEX ON readings (read_at);
VACUUM ANALYZE readings;
GRANT SELECT ON readings TO loggia_bench_reader;
`;

const COLUMNS = ['read_at', 'source', 'value', 'amount'];

/** One dashboard with one table. JSON is YAML too. */
async function write(home) {
  await mkdir(join(home, 'dashboards'), { recursive: true });
  const put = (path, content) => writeFile(join(home, path), JSON.stringify(content, null, 2));
  await put('tenant.yaml', { tenant: { name: 'Bench', timezone: 'Europe/Berlin', datastore: { kind: 'postgres', url: { env: 'BENCH_TENANT_DATABASE' }, schema: 'public' } } });
  const columns = COLUMNS.map((name) => (name === 'read_at' ? { name, format: 'datetime' } : { name }));
  const panel = { type: 'table', title: 'Readings', range: 'ignore', data_source: { table: 'readings', columns }, display: { default_sort: 'read_at' } };
  await put('dashboards/default.yaml', { dashboard: { name: 'Rows', panels: [{ id: 'rows', panel }] } });
}

async function measure(server, database) {
  const cookie = await signIn(server.url, 'viewer@bench.example', PASSWORD);
  const caller = new Caller(server.url, { headers: { cookie, 'accept-encoding': 'identity' } });
  // Whatever is loaded once is loaded: connections, code, a count of the rows.
  const few = await caller.text(`${FILE}?rows.q=number+39`);
  holds('1,000,000 rows as CSV: a small file before has its rows', few.trimEnd().split('\r\n').length === 1 + ROWS / 40);
  const before = memory(server.pid);
  forgetPeak(server.pid);
  const [ours, theirs] = [[], []];
  let bytes = 0;
  const used = processor(server.pid);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const answer = await caller.ask(FILE);
    if (answer.status !== 200) throw new Error(`${FILE} answered ${answer.status}`);
    ours.push(answer.ms);
    bytes = answer.bytes;
    theirs.push(copy(database.reader));
  }
  const spent = (processor(server.pid) - used) / TURNS;
  caller.close();
  const [mine, copied] = [summary(ours).p50, summary(theirs).p50];
  note('1,000,000 rows as CSV over PostgreSQL', mine, 'ms', { beside: `median of ${TURNS}; ${(bytes / 1e6).toFixed(0)} MB, ${(bytes / 1e3 / mine).toFixed(0)} MB/s; ${spent.toFixed(2)} s of our processor` });
  note('… beside psql’s \\copy of the same rows, times its time', mine / copied, '×', { most: 2, beside: `psql: ${copied.toFixed(0)} ms` });
  note('… memory the server took more for it, at most', memory(server.pid, 'VmHWM') - before, 'MB', { most: 10, beside: `${memory(server.pid).toFixed(1)} MB resident afterwards` });
}

/** Milliseconds psql takes to copy the rows to nowhere. */
function copy(url) {
  const order = `\\copy (SELECT ${COLUMNS.join(', ')} FROM readings ORDER BY read_at) TO '/dev/null' WITH (FORMAT csv, HEADER)`;
  const begun = performance.now();
  const done = spawnSync(program('psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', order, url], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`psql: ${done.stderr}`);
  return performance.now() - begun;
}

/** The most a process ever held is from now on counted anew. */
function forgetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
