import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Inbox } from '../support/inbox.js';
import { ROOT } from '../support/process.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

/** What a person copies from the pages into a shell, in a folder that looks like the project's. */
describe('the commands that the documentation prints', () => {
  let folder: string;
  let stripe: Simulated;
  let inbox: Inbox;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-docs-'));
    const needed = ['package.json', 'package-lock.json', 'node_modules', 'scripts', 'src', 'tsconfig.json'];
    for (const name of needed) symlinkSync(join(ROOT, name), join(folder, name));
  });
  beforeEach(async () => {
    await Promise.all([stripe?.stop(), inbox?.stop()]);
    [stripe, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
  });
  after(async () => {
    await Promise.all([stripe?.stop(), inbox?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** The page's own text but for the ports, which others may have taken. */
  const page = (path: string) =>
    readFileSync(join(ROOT, path), 'utf8')
      .replaceAll('127.0.0.1:12111', new URL(stripe.base).host)
      .replaceAll('127.0.0.1:4000', new URL(inbox.url).host);

  function shell(script: string): Shell {
    return new Shell(script, folder, {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      SIMULATOR_PORT: new URL(stripe.base).port,
      npm_config_update_notifier: 'false',
    });
  }

  async function run(script: string): Promise<string> {
    const ran = shell(script);
    const code = await ran.ended;
    assert.equal(code, 0, `${script}\n${ran.output}\n${ran.errors}`);
    return ran.output;
  }

  it('work as docs/simulator.md has them: each block of shell, as it is', async () => {
    const blocks = [...page('docs/simulator.md').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
    assert.ok(blocks.length >= 2);
    for (const block of blocks) assert.doesNotMatch(await run(block), /"error"/, block);
    const { script, limiter } = stripe.simulator;
    assert.deepEqual(
      script.faults.requests.map(({ kind }) => kind),
      ['reset_after', 'error_before'],
      'the rules that were put last are in force',
    );
    assert.equal(limiter.all.default.requests_per_second, 200);
  });

  it('print what the README says that they do', async () => {
    const [section = ''] = /^## The simulator\n[\s\S]*?(?=^## )/m.exec(page('README.md')) ?? [];
    const [, block = ''] = /^```\n(\$ [\s\S]*?)^```$/m.exec(section) ?? [];
    const commands = block.split(/^\$ /m).slice(1);
    assert.deepEqual(
      commands.map((text) => /simulator -- (\w+)/.exec(text)?.[1]),
      ['trigger', 'listen', 'clock'],
    );
    const [trigger = '', listen = '', clock = ''] = commands.map((text) => text.slice(0, text.indexOf('\n')));
    const [triggered = [], listened = [], stepped = []] = commands.map(patterns);
    inOrder(await run(trigger), triggered);
    const listening = shell(listen);
    await until(() => listening.output.includes('Forwarding to'));
    await run(trigger);
    await until(() => listening.output.includes('<-- [200]'));
    await listening.interrupt();
    inOrder(listening.output, listened);
    inOrder(await run(clock), stepped);
  });

  it('print nothing but JSON where JSON is piped on', async () => {
    const listening = shell(`npm run --silent simulator -- listen --print-json --forward-to ${inbox.url}`);
    await until(() => listening.errors.includes('Forwarding to'));
    await stripe.stripe.customers.create({});
    await until(() => listening.errors.includes('<-- [200]'));
    await listening.interrupt();
    assert.match(listening.errors, /^Ready: /m);
    const types = listening.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    assert.deepEqual(types, ['customer.created']);
  });
});

/** A script in a shell of its own, and all that it printed. */
class Shell {
  output = '';
  errors = '';
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(script: string, cwd: string, env: Readonly<Record<string, string>>) {
    // A group of its own: Ctrl-C reaches what the shell started too.
    const options = { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
    const child = spawn('bash', ['-eu', '-o', 'pipefail', '-c', script], options);
    child.stdout.setEncoding('utf8').on('data', (text) => (this.output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.errors += text));
    this.child = child;
    this.ended = once(child, 'close').then(([code]) => code as number | null);
  }

  async interrupt(): Promise<void> {
    process.kill(-(this.child.pid as number), 'SIGINT');
    await this.ended;
  }
}

/** Of what a command is said to print, up to where the page leaves the rest out; ids, times and secrets are each run's own. */
function patterns(command: string): RegExp[] {
  const [, ...lines] = command.trim().split('\n');
  const told = lines.includes('...') ? lines.slice(0, lines.indexOf('...')) : lines.filter((line) => line !== '');
  return told.map((line) => {
    const text = line
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\b([a-z]+)_[0-9a-f]{16,}/g, '$1_\\w+')
      .replace(
        /\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\\\.\d{3}Z)?/g,
        '\\d{4}-\\d\\d-\\d\\d$1\\d\\d:\\d\\d:\\d\\d(\\.\\d+Z)?',
      );
    return new RegExp(`^${text}$`);
  });
}

function inOrder(output: string, expected: readonly RegExp[]): void {
  const lines = output.split('\n');
  let from = 0;
  for (const pattern of expected) {
    const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
    assert.ok(at >= 0, `${pattern} is not in\n${output}`);
    from = at + 1;
  }
  assert.ok(expected.length > 0);
}
