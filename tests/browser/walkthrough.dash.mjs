// Follows "In ten minutes" of docs/dash.md literally: writes its files, runs its commands in their order, and looks whether the frame
// shows what the page promises. Its ports are changed to free ones, and nothing else.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { browse, person, root, signIn } from './stage.mjs';
import { freePort } from './company.mjs';

const PAGE = 'docs/dash.md';

/** What the page says, in its order. */
function read() {
  const text = readFileSync(join(root, PAGE), 'utf8');
  const part = /^## In ten minutes$([\s\S]*?)^## /m.exec(text)?.[1] ?? '';
  const kinds = [
    ['file', /^`(?<file>[^`\n]+)`(?<anew> becomes)?:\n\n```\w+\n(?<content>[\s\S]*?)^```$/],
    ['run', /^```sh\n(?<lines>[\s\S]*?)^```$/],
    ['account', /^Signed in as `(?<email>[^`]+)` with the password `(?<password>[^`]+)`:$/],
    ['shows', /^- `(?<path>[^`]+)` shows “(?<words>[^”]+)” in its frame$/],
    ['answers', /^- `(?<url>[^`]+)` answers (?<status>\d+) with “(?<words>[^”]+)”$/],
  ];
  const found = kinds.flatMap(([kind, form]) => [...part.matchAll(new RegExp(form.source, 'gm'))].map((one) => ({ kind, at: one.index, ...one.groups })));
  const count = (kind) => found.filter((one) => one.kind === kind).length;
  assert.equal(part.match(/^```\w+$/gm)?.length, count('file') + count('run'), `${PAGE}: a block of code says neither of which file it is, nor that it is a command`);
  assert.equal(part.match(/^- /gm)?.length, count('shows') + count('answers'), `${PAGE}: a promise in words that are not looked for`);
  assert.ok(count('file') >= 4 && count('shows') >= 2 && count('account') === 1, `${PAGE}: there is nothing to follow`);
  return found.sort((a, b) => a.at - b.at);
}

/** A folder as a reader has it: the repository's tenants and examples, Loggia and Python's programs at hand. */
function workshop() {
  const home = mkdtempSync(join(tmpdir(), 'loggia-dash-walkthrough-'));
  cpSync(join(root, 'tenants'), join(home, 'tenants'), { recursive: true });
  cpSync(join(root, 'examples'), join(home, 'examples'), { recursive: true, filter: (from) => !from.includes('__pycache__') });
  const programs = [dirname(process.env.LOGGIA_BINARY ?? join(root, 'target', 'debug', 'loggia')), join(root, 'target', 'dash-venv', 'bin')];
  const env = { ...process.env, PATH: [...programs, process.env.PATH].join(delimiter), LOGGIA_DATA_DIR: join(home, 'data'), LOGGIA_LOG: 'warn' };
  return { home, env };
}

async function answers(url, what, child, log) {
  for (let tries = 0; tries < 1200; tries += 1) {
    assert.equal(child.exitCode, null, `${what} ended:\n${log()}`);
    if (await fetch(url).then(() => true, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} does not answer:\n${log()}`);
}

test('from an existing Dash app to inside the frame, as docs/dash.md says', { timeout: 600_000 }, async () => {
  const { home, env } = workshop();
  const [app, loggia, internal] = [await freePort(), await freePort(), await freePort()];
  const placed = (text) => text.replaceAll('127.0.0.1:8050', `127.0.0.1:${app}`).replaceAll('127.0.0.1:8080', `127.0.0.1:${loggia}`);
  const servers = {};
  const end = async (name) => {
    const child = servers[name];
    delete servers[name];
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, 'SIGTERM');
    await gone;
  };
  const run = async (line) => {
    const name = ['gunicorn --', 'loggia serve'].find((server) => line.includes(server));
    if (name) await end(name);
    // The one thing a reader does not say: ports that are free here.
    const asked = name === 'loggia serve' ? { LOGGIA_LISTEN: `127.0.0.1:${loggia}`, LOGGIA_INTERNAL_LISTEN: `127.0.0.1:${internal}` } : {};
    const child = spawn('bash', ['-c', placed(line)], { cwd: home, env: { ...env, ...asked }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let told = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { told += chunk; });
    if (name) {
      servers[name] = child;
      return answers(`http://127.0.0.1:${name === 'loggia serve' ? loggia : app}/`, line, child, () => told);
    }
    const code = await new Promise((resolve) => child.once('exit', resolve));
    return assert.equal(code, 0, `${line}:\n${told}`);
  };

  const browser = await browse();
  let visitor;
  try {
    for (const step of read()) {
      if (step.kind === 'file') {
        const file = join(home, step.file);
        assert.equal(existsSync(file), Boolean(step.anew), `${step.file} ${step.anew ? 'is not there yet' : 'is there already'}`);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, placed(step.content));
      } else if (step.kind === 'run') {
        for (const line of step.lines.trim().split('\n')) {
          console.log(`$ ${line}`);
          await run(line);
        }
      } else if (step.kind === 'account') {
        visitor = await person(browser, `http://127.0.0.1:${loggia}`);
        await signIn(visitor.page, step.email, step.password);
      } else if (step.kind === 'shows') {
        await visitor.page.goto(step.path);
        await visitor.page.frameLocator('iframe').getByText(step.words, { exact: true }).waitFor();
        console.log(`${step.path} shows “${step.words}”`);
      } else {
        const answer = await fetch(placed(step.url));
        assert.equal(answer.status, Number(step.status));
        assert.ok((await answer.text()).includes(step.words), `${step.url} does not say “${step.words}”`);
        console.log(`${step.url} answers ${step.status}`);
      }
    }
  } finally {
    await visitor?.close();
    await browser.close();
    for (const name of Object.keys(servers)) await end(name);
    rmSync(home, { recursive: true, force: true });
  }
});
