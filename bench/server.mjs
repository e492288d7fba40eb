// Starts the release binary the way an operator would, and looks at it from outside.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Caller } from './load.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const binary = process.env.LOGGIA_BINARY ?? join(root, 'target', 'release', 'loggia');

/** Runs a command of `loggia` to its end; its standard input may be given. */
export function command(args, { env, cwd, input }) {
  const done = spawnSync(binary, args, { env: { ...process.env, ...env }, cwd, input, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`loggia ${args.join(' ')}: ${done.stderr}`);
}

/** Starts `loggia serve` on free ports. Tells where it is and how long it took until it said so. */
export async function serve(args, { env, cwd }) {
  const begun = performance.now();
  const child = spawn(binary, ['serve', ...args, '--listen', '127.0.0.1:0', '--internal-listen', '127.0.0.1:0'], {
    cwd,
    env: { ...process.env, LOGGIA_LOG: 'warn', ...env },
    stdio: ['ignore', process.env.BENCH_LOG ? 'inherit' : 'ignore', 'pipe'],
  });
  const { url, internal } = await new Promise((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (chunk) => {
      text += chunk;
      const found = /listening: (http:\S+)\s[^:]*: +(http:\S+)\s/.exec(text);
      if (found) resolve({ url: found[1], internal: found[2] });
    });
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${text}`)));
  });
  const startMs = performance.now() - begun;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => { child.kill('SIGTERM'); await gone; };
  return { url, internal, startMs, stop, pid: child.pid };
}

/** A line of /proc/PID/status in MB: VmRSS is what is resident now, VmHWM the most it ever was. */
export function memory(pid, line = 'VmRSS') {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found[1]) / 1024;
}

/** Seconds of processor time a process has used. */
export function processor(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Signs in; gives the cookie header of that session. */
export async function signIn(url, email, password) {
  const caller = new Caller(url);
  const form = new URLSearchParams({ email, password }).toString();
  const answer = await caller.ask('/login', { method: 'POST', body: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  caller.close();
  if (answer.status !== 303) throw new Error(`signing in as ${email} answered ${answer.status}`);
  return answer.headers['set-cookie'].map((line) => line.split(';')[0]).find((pair) => pair.startsWith('loggia='));
}

/** The states of the panels on a page. */
export function states(html) {
  return [...html.matchAll(/data-state="(\w+)"/g)].map((found) => found[1]);
}
