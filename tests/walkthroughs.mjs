// Follows the walkthroughs of docs/ literally, in a copy of the tree: writes their files, changes what they say, runs their
// commands, serves, and looks whether the pages say what they promise. A text that no longer holds fails here.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const pages = ['docs/adding-a-panel-type.md', 'docs/adding-an-endpoint.md'];
const fail = (words) => { throw new Error(words); };

/** What a walkthrough says: files, changes, commands, and what pages then say. */
function read(path) {
  const text = readFileSync(join(root, path), 'utf8');
  const files = [...text.matchAll(/^`([^`\n]+)`:\n\n```\w+\n([\s\S]*?)^```$/gm)].map(([, file, content]) => ({ file, content }));
  const changes = [...text.matchAll(/^In `([^`]+)`, replace `([^`]+)` with `([^`]+)`/gm)].map(([, file, from, to]) => ({ file, from, to }));
  const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, lines]) => lines.trim().split('\n'));
  const account = /^Signed in as `([^`]+)` with the password `([^`]+)`:$/m.exec(text)?.slice(1);
  const promises = [...text.matchAll(/^- `([^`]+)` says “([^”]+)”$/gm)].map(([, page, words]) => ({ page, words }));
  const fences = text.match(/^```\w+$/gm)?.length ?? 0;
  if (!files.length || !account || !promises.length) fail(`${path}: there is nothing to follow`);
  if (fences !== files.length + (text.match(/^```sh$/gm)?.length ?? 0)) fail(`${path}: a block of code says neither of which file it is, nor that it is a command`);
  return { path, files, changes, commands, account, promises };
}

/** A copy of the tree without what is built, installed or recorded. */
function copy(to) {
  const left = new Set(['target', '.git', 'data', 'node_modules', 'coverage', 'tests/browser/node_modules', 'tests/browser/out']);
  const filter = (from) => !left.has(relative(root, from));
  for (const entry of readdirSync(root).filter((entry) => filter(join(root, entry)))) {
    cpSync(join(root, entry), join(to, entry), { recursive: true, preserveTimestamps: true, filter });
  }
}

function follow({ path, files, changes }, tree) {
  for (const { file, content } of files) {
    if (existsSync(join(tree, file))) fail(`${path}: ${file} is there already`);
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), content);
  }
  for (const { file, from, to } of changes) {
    const text = readFileSync(join(tree, file), 'utf8');
    if (text.split(from).length !== 2) fail(`${path}: “${from}” stands ${text.split(from).length - 1} times in ${file}`);
    writeFileSync(join(tree, file), text.replace(from, () => to));
  }
}

/** Starts the last command of a walkthrough on ports of its own; gives its address. */
async function serve(command, tree, home) {
  const [program, ...words] = command.split(' ');
  const child = spawn(join(tree, program), [...words, '--listen', '127.0.0.1:0', '--internal-listen', '127.0.0.1:0'], {
    cwd: tree,
    env: { ...process.env, LOGGIA_DATA_DIR: join(home, 'data'), LOGGIA_LOG: 'warn' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  const url = await new Promise((done, broken) => {
    const late = setTimeout(() => broken(new Error(`no address within 120 s:\n${told}`)), 120_000);
    child.stderr.on('data', (chunk) => {
      told += chunk;
      const found = /listening: (http:\S+)\s/.exec(told);
      if (found) { clearTimeout(late); done(found[1].replace(/\/$/, '')); }
    });
    child.on('exit', (code) => { clearTimeout(late); broken(new Error(`the server ended with ${code}:\n${told}`)); });
  });
  return { url, stop: () => new Promise((gone) => { child.once('exit', gone); child.kill('SIGTERM'); }) };
}

async function look(url, { path, account, promises }) {
  const [email, password] = account;
  const signed = await fetch(`${url}/login`, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({ email, password, next: '/' }), headers: { origin: url },
  });
  const cookie = signed.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ');
  if (signed.status !== 303 || !cookie) fail(`${path}: signing in answered ${signed.status}`);
  for (const { page, words } of promises) {
    const answer = await fetch(url + page, { headers: { cookie }, redirect: 'manual' });
    const markup = await answer.text();
    const seen = markup.replace(/<[^>]*>/g, '').replace(/&nbsp;|\u00a0/g, ' ').replace(/\s+/g, ' ');
    if (answer.status !== 200) fail(`${path}: ${page} answered ${answer.status}`);
    if (!seen.includes(words)) fail(`${path}: ${page} does not say “${words}”:\n${seen.slice(0, 3000)}`);
    if (page.includes('/panel/') && !markup.includes('data-state="ready"')) fail(`${path}: ${page} is not drawn`);
    console.log(`${page} says “${words}”`);
  }
}

const walkthroughs = pages.map(read);
// The project's own target folder: what it depends on is built already. The copy always has the same place in it, so that
// what is built of it is built over, and not beside it.
const target = resolve(process.env.CARGO_TARGET_DIR ?? join(root, 'target'));
const home = join(target, 'walkthroughs');
const tree = join(home, 'tree');
const binary = join(target, 'debug', 'loggia');
const kept = join(home, 'loggia');
rmSync(home, { recursive: true, force: true });
mkdirSync(tree, { recursive: true });
try {
  copy(tree);
  // Another version, so that what is built of the copy stands beside what is built of the project and never in its place.
  const manifest = join(tree, 'Cargo.toml');
  const own = readFileSync(manifest, 'utf8');
  const other = own.replace(/^version = "(\d+\.\d+\.\d+)"$/m, 'version = "$1-walkthrough"');
  if (other === own) fail('Cargo.toml: the version of the workspace was not found');
  writeFileSync(manifest, other);
  walkthroughs.forEach((walkthrough) => follow(walkthrough, tree));
  symlinkSync(target, join(tree, 'target'));
  if (existsSync(binary)) cpSync(binary, kept, { preserveTimestamps: true });
  const commands = new Set(walkthroughs.flatMap((walkthrough) => walkthrough.commands));
  const served = [...commands].pop();
  for (const command of commands) {
    if (command === served) break;
    console.log(`$ ${command}`);
    const [program, ...words] = command.split(' ');
    const run = program.includes('/') ? join(tree, program) : program;
    execFileSync(run, words, { cwd: tree, stdio: 'inherit', env: { ...process.env, CARGO_TARGET_DIR: target } });
  }
  console.log(`$ ${served}`);
  const server = await serve(served, tree, home);
  try {
    for (const walkthrough of walkthroughs) await look(server.url, walkthrough);
  } finally {
    await server.stop();
  }
} finally {
  // The binary of the project itself, as it was.
  if (existsSync(kept)) {
    const beside = `${binary}.kept`;
    cpSync(kept, beside, { preserveTimestamps: true });
    renameSync(beside, binary);
  }
  rmSync(home, { recursive: true, force: true });
}
