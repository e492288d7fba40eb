// Runs the measures in turn and prints their table.
import { cpus } from 'node:os';
import { api } from './api.mjs';
import { apps } from './apps.mjs';
import { demo } from './demo.mjs';
import { exports } from './exports.mjs';
import { micro } from './micro.mjs';
import { postgres } from './postgres.mjs';
import { print } from './report.mjs';

const measures = { demo, api, postgres, exports, apps, micro };
const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(measures);
for (const name of chosen) {
  console.error(`${name} …`);
  await measures[name]();
}
console.log(`\n${cpus().length} cores, ${cpus()[0].model}\n`);
const missed = print();
if (missed > 0) console.error(`\n${missed} bound(s) missed`);
process.exit(missed > 0 ? 1 : 0);
