// What the product asks, taken from PostgreSQL's own log, and asked again by pgbench without the product.
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program, sql } from './database.mjs';
import { summary } from './load.mjs';

const SECONDS = 8;

/** The statements that run while `work` does, with their values and the milliseconds the server spent on each. */
export async function capture(owner, work) {
  // tests/postgres.sh keeps the log beside the cluster.
  const log = join(dirname(sql(owner, 'SHOW data_directory')), 'log');
  const logged = (setting) => sql(owner, `${setting};\nSELECT pg_reload_conf();`);
  logged('ALTER SYSTEM SET log_min_duration_statement = 0');
  await sleep(500);
  const file = openSync(log, 'r');
  const start = fstatSync(file).size;
  await work();
  await sleep(200);
  const bytes = Buffer.alloc(fstatSync(file).size - start);
  readSync(file, bytes, 0, bytes.length, start);
  closeSync(file);
  logged('ALTER SYSTEM RESET log_min_duration_statement');
  return parse(bytes.toString());
}

/** Log entries: parse, bind and execute of a statement are one after the other in its process. */
function parse(text) {
  const found = [];
  const open = new Map();
  for (const entry of text.split(/^(?=\d{4}-\d\d-\d\d [^[]*\[\d+\] )/m)) {
    const process = /\[(\d+)\]/.exec(entry)?.[1];
    const step = /LOG: {2}duration: ([\d.]+) ms {2}(parse|bind|execute) (\S+?): ([\s\S]*)/.exec(entry);
    const values = /DETAIL: {2}parameters: ([\s\S]*)/.exec(entry);
    if (step) {
      const [, ms, kind, name, statement] = step;
      const before = open.get(process) ?? 0;
      if (kind !== 'execute') { open.set(process, before + Number(ms)); continue; }
      open.set(process, 0);
      found.push({ process, name, sql: statement.trim(), ms: before + Number(ms), values: [] });
    } else if (values) {
      const last = found.findLast((statement) => statement.process === process);
      if (last && last.values.length === 0) last.values = [...values[1].matchAll(/\$\d+ = ('(?:[^']|'')*'|NULL)/g)].map((value) => value[1]);
    }
  }
  return found;
}

/** Runs all statements of one page in turn, by `clients` at once, each on its own connection, prepared once. */
export function replay(url, statements, clients) {
  const home = mkdtempSync(join(tmpdir(), 'loggia-bench-replay-'));
  try {
    const script = statements.map(({ sql: text, values }) => `${text.replace(/\$(\d+)/g, (_, n) => values[n - 1])};`).join('\n');
    writeFileSync(join(home, 'page.sql'), `${script}\n`);
    const run = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '1', '-T', String(SECONDS), '-f', 'page.sql', '-l', '--log-prefix=page', url];
    const done = spawnSync(program('pgbench'), run, { cwd: home, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`pgbench: ${done.stderr}`);
    const lines = readdirSync(home).filter((name) => name.startsWith('page.') && name !== 'page.sql').flatMap((name) => readFileSync(join(home, name), 'utf8').trim().split('\n'));
    return summary(lines.map((line) => Number(line.split(' ')[2]) / 1000));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
