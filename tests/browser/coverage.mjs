// How much of loggia.js the browser tests ran, as Chromium counts it.
// `record` collects it while the tests run (LOGGIA_JS_COVERAGE names a folder); run as a program this file adds it up:
//   node coverage.mjs FOLDER LEAST_PERCENT
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const folder = process.env.LOGGIA_JS_COVERAGE;

/**
 * Counts what runs on a page from now on; gives what ends the count and keeps it. Does nothing unless it was asked for.
 * A document takes its counts with it when it goes, so they are taken ten times a second.
 */
export async function record(page) {
  if (!folder) return async () => {};
  const taken = [];
  const session = await page.context().newCDPSession(page);
  await session.send('Profiler.enable');
  await session.send('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const take = async () => {
    const { result } = await session.send('Profiler.takePreciseCoverage');
    taken.push(...result.filter((script) => /\/loggia\.js$/.test(script.url)));
  };
  let going = true;
  const beat = (async () => {
    while (going) {
      await take();
      await new Promise((later) => setTimeout(later, 100));
    }
  })();
  return async () => {
    going = false;
    await beat;
    await take();
    const sources = new Map();
    for (const { url } of taken) if (!sources.has(url)) sources.set(url, await read(url));
    const kept = taken.map(({ url, functions }) => ({ source: sources.get(url), functions }));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${randomUUID()}.json`), JSON.stringify(kept));
  };
}

/** What an address answers. Names below localhost are this machine, as browsers know without asking anybody. */
async function read(url) {
  const { hostname, host, port, pathname, search } = new URL(url);
  if (!hostname.endsWith('.localhost')) return (await fetch(url)).text();
  const [answer] = await once(get({ host: '127.0.0.1', port, path: pathname + search, headers: { host } }), 'response');
  return text(answer);
}

/** Marks what ran of one script: an inner range says more than the one around it, and comes later. */
function marks({ source, functions }) {
  const ran = new Uint8Array(source.length);
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  return ran;
}

/** The lines nothing of which ran, as `12-15`. */
function idle(source, ran) {
  const lines = [];
  let at = 0;
  source.split('\n').forEach((line, i) => {
    const code = line.trim() && !line.trim().startsWith('//') && !line.trim().startsWith('*') && !line.trim().startsWith('/*');
    if (code && !ran.subarray(at, at + line.length).includes(1)) lines.push(i + 1);
    at += line.length + 1;
  });
  const runs = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last && last[1] === line - 1) last[1] = line; else runs.push([line, line]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
}

async function addUp(from, least) {
  let source, ran;
  for (const name of await readdir(from)) {
    for (const script of JSON.parse(await readFile(join(from, name), 'utf8'))) {
      if (source !== undefined && source !== script.source) throw new Error('the runs are of different versions of loggia.js: empty the folder first');
      source = script.source;
      const also = marks(script);
      ran = ran ? ran.map((mark, i) => mark | also[i]) : also;
    }
  }
  if (!ran) throw new Error(`nothing was recorded in ${from}`);
  const percent = 100 * ran.reduce((sum, mark) => sum + mark, 0) / ran.length;
  console.log(`| \`loggia.js\` (Chromium, bytes) | ${percent.toFixed(1)} % | ${least} % |`);
  if (percent < least) {
    console.error(`loggia.js: ${percent.toFixed(1)} % is below ${least} %; never run: lines ${idle(source, ran).join(', ')}`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await addUp(process.argv[2], Number(process.argv[3]));
