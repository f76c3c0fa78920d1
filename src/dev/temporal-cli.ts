import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Config, childEnvironment } from '../config/index.js';
import { UsageError } from '../process.js';

/** The newest Temporal CLI that `go install` can build: later ones carry a `replace` in their go.mod. */
const CLI_VERSION = 'v1.5.1';

export type Say = (line: string) => void;

/**
 * The path of a `temporal` executable: the one configured, on the PATH, in this project's cache, downloaded by the SDK,
 * or, last, built from source. Says what it does and how long that may take.
 *
 * @throws UsageError naming the ways to mend it when none works.
 */
export async function findTemporal(config: Config, say: Say, stopping?: AbortSignal): Promise<string> {
  const { cliPath } = config.temporal;
  if (cliPath !== undefined) {
    if (works(cliPath)) return cliPath;
    throw new UsageError(`TEMPORAL_CLI_PATH: ${cliPath} is not a working temporal CLI; correct it or unset it`);
  }
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  const onPath = config.temporal.searchPath.map((folder) => join(folder, name)).find(works);
  if (onPath !== undefined) return onPath;
  // Shared by every checkout of this user, by version.
  const folder = join(config.temporal.cacheDir, `temporal-cli-${CLI_VERSION}`);
  const cached = join(folder, name);
  if (works(cached)) return cached;

  say(`penstock: no Temporal server here yet; it is fetched once and kept in ${folder}`);
  mkdirSync(folder, { recursive: true });
  const why: string[] = [];
  for (const obtain of [download, build]) {
    try {
      stopping?.throwIfAborted();
      await obtain(cached, say, stopping);
      if (works(cached)) return cached;
      why.push('what was obtained does not run');
    } catch (error) {
      why.push((error as Error).message);
    }
  }
  throw new UsageError(
    `no Temporal server could be had (${why.join('; ')}). Any of these mends it: install the temporal CLI and have it ` +
      'on the PATH, or name it in TEMPORAL_CLI_PATH; install Go 1.23 or newer, with which it is built; or set ' +
      'TEMPORAL_ADDRESS to a server that runs already',
  );
}

function works(path: string): boolean {
  if (!existsSync(path)) return false;
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 30_000 });
  return result.status === 0 && /temporal/i.test(result.stdout);
}

/** How long the SDK's download may take before building is tried instead. */
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** The SDK knows where releases are and downloads one to start a server; only the file is wanted here. */
async function download(target: string, say: Say): Promise<void> {
  // Not among the production dependencies: there a server is configured, never downloaded.
  const { TestWorkflowEnvironment } = await import('@temporalio/testing').catch(() => {
    throw new Error('@temporalio/testing, which downloads it, is not installed');
  });
  say('penstock: asking the Temporal SDK to download the CLI (a minute at most where the network allows it) …');
  const folder = mkdtempSync(join(dirname(target), 'download-'));
  try {
    const starting = TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'cached-download', version: CLI_VERSION, downloadDir: folder } },
    });
    const environment = await inTime(starting, DOWNLOAD_TIMEOUT_MS, 'the download took too long');
    await environment.teardown();
    const file = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => /temporal/.test(name));
    if (file === undefined) throw new Error('the download left no file');
    chmodSync(join(folder, file), 0o755);
    renameSync(join(folder, file), target);
  } catch (error) {
    say(`penstock: it could not be downloaded (${firstLine((error as Error).message)})`);
    throw new Error('the download failed');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds the CLI with the Go toolchain, in caches of its own: the build leaves gigabytes there. */
async function build(target: string, say: Say, stopping?: AbortSignal): Promise<void> {
  const go = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (go.status !== 0) throw new Error('there is no Go toolchain to build it with');
  say(
    `penstock: building the Temporal CLI ${CLI_VERSION} from source: 2 to 7 minutes, this once (${go.stdout.trim()})`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'penstock-go-'));
  try {
    await runGo(folder, say, stopping);
    // Beside the target first: another process may be building too, and a rename is all or nothing.
    const beside = `${target}.${process.pid}`;
    const copied = spawnSync('cp', [join(folder, 'bin', 'temporal'), beside]);
    if (copied.status !== 0) throw new Error('the built file could not be copied');
    renameSync(beside, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How often a long build says that it goes on. */
const PROGRESS_EVERY_MS = 10_000;

function runGo(folder: string, say: Say, stopping?: AbortSignal): Promise<void> {
  const startedAt = Date.now();
  let packages = 0;
  let last = '';
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    say(`penstock:   … ${seconds} s, ${packages} steps done${last === '' ? '' : `, now ${last}`}`);
  }, PROGRESS_EVERY_MS);
  const args = [
    'install',
    '-v',
    '-modcacherw',
    '-ldflags=-s -w',
    `github.com/temporalio/cli/cmd/temporal@${CLI_VERSION}`,
  ];
  const child = spawn('go', args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: childEnvironment({
      GOBIN: join(folder, 'bin'),
      GOCACHE: join(folder, 'cache'),
      GOMODCACHE: join(folder, 'mod'),
      GOFLAGS: '',
    }),
  });
  // A Ctrl-C while it builds must not leave the compiler running.
  const abandon = () => child.kill();
  process.once('exit', abandon);
  stopping?.addEventListener('abort', abandon);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-2_000);
    const lines = text.split('\n').filter((line) => line !== '');
    packages += lines.length;
    last = lines.at(-1) ?? last;
  });
  return new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`go install failed: ${firstLine(errors.trim().split('\n').at(-1) ?? '')}`));
    });
  }).finally(() => {
    clearInterval(timer);
    process.off('exit', abandon);
    stopping?.removeEventListener('abort', abandon);
  });
}

async function inTime<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 200);
}
