// What single pieces cost, measured in the library itself (bench/src/main.rs).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { note } from './report.mjs';
import { root } from './server.mjs';

export async function micro() {
  const done = spawnSync(join(root, 'target', 'release', 'loggia-bench'), { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`loggia-bench: ${done.stderr}`);
  for (const line of done.stdout.trim().split('\n')) {
    const [what, value, unit, beside] = line.split('\t');
    note(what, Number(value), unit, { beside });
  }
}
