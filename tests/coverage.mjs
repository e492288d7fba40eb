// Lines covered, by room, from cargo-llvm-cov's JSON; ends with 1 where one is below its figure.
import { readFileSync } from 'node:fs';

const LEAST = { query: 80, config: 80, panel: 80, datastore: 80, tenancy: 80, identity: 80 };
const WHOLE = 70;

const rooms = new Map();
for (const { filename, summary } of JSON.parse(readFileSync(process.argv[2], 'utf8')).data[0].files) {
  const room = /\/src\/([a-z_]+)(\.rs|\/)/.exec(filename)?.[1];
  const name = filename.includes('/migrations/') ? 'migrations' : room;
  if (!name) continue;
  const so = rooms.get(name) ?? { count: 0, covered: 0 };
  rooms.set(name, { count: so.count + summary.lines.count, covered: so.covered + summary.lines.covered });
}
const percent = ({ count, covered }) => (count ? 100 * covered / count : 0);
const whole = [...rooms.values()].reduce((sum, room) => ({ count: sum.count + room.count, covered: sum.covered + room.covered }), { count: 0, covered: 0 });

let low = 0;
function row(name, room, least) {
  if (least && percent(room) < least) low += 1;
  console.log(`| ${name} | ${percent(room).toFixed(1)} % | ${least ? `${least} %` : ''} |${least && percent(room) < least ? ' ← too low' : ''}`);
}
console.log('| room | lines covered | at least |\n|---|---|---|');
for (const name of [...rooms.keys()].sort()) row(`\`${name}\``, rooms.get(name), LEAST[name]);
for (const name of Object.keys(LEAST)) if (!rooms.has(name)) row(`\`${name}\``, { count: 0, covered: 0 }, LEAST[name]);
row('the whole', whole, WHOLE);
process.exitCode = low ? 1 : 0;
