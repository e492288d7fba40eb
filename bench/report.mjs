// The table: what was measured, beside its bound and its baseline.
const rows = [];

/** Notes a figure. With `most` or `least` it has a bound, and missing it fails the run. */
export function note(what, value, unit, { most, least, beside = '' } = {}) {
  const missed = (most !== undefined && !(value < most)) || (least !== undefined && !(value >= least));
  const row = { what, value, unit, most, least, beside, missed };
  rows.push(row);
  console.error(`  ${what}: ${shown(value)} ${unit}${most === undefined && least === undefined ? '' : ` (bound ${most ?? least})`}${row.missed ? '  MISSED' : ''}`);
}

/** Notes whether something holds. */
export function holds(what, good, beside = '') {
  rows.push({ what, value: good ? 'yes' : 'no', unit: '', most: undefined, beside, must: 'yes', missed: !good });
  console.error(`  ${what}: ${good ? 'yes' : 'NO'} ${beside}`);
}

function shown(value) {
  if (typeof value !== 'number') return String(value);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Prints the table as Markdown; gives how many bounds were missed. */
export function print() {
  console.log('| what | measured | bound | beside it |\n|---|---:|---:|---|');
  for (const { what, value, unit, most, least, beside, missed, must } of rows) {
    const bound = must ?? (most !== undefined ? `< ${most} ${unit}` : least !== undefined ? `≥ ${least} ${unit}` : '');
    console.log(`| ${what} | ${shown(value)} ${unit}${missed ? ' **missed**' : ''} | ${bound} | ${beside} |`);
  }
  return rows.filter((row) => row.missed).length;
}
