import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inTime } from '../clock.js';
import type { Config } from '../config/index.js';
import { UsageError } from '../process.js';
import { type GoProgram, goInstall, type Say } from './go-install.js';

/** The newest Temporal CLI that `go install` can build: later ones carry a `replace` in their go.mod. */
const CLI_VERSION = 'v1.5.1';

/** The official CLI, server and Web UI included. */
const CLI: GoProgram = {
  name: `the Temporal CLI ${CLI_VERSION}`,
  packages: [`github.com/temporalio/cli/cmd/temporal@${CLI_VERSION}`],
  takes: '2 to 7 minutes',
};

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
  for (const obtain of [() => download(cached, say), () => goInstall(CLI, folder, say, stopping)]) {
    try {
      stopping?.throwIfAborted();
      await obtain();
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
    const environment = await inTime(starting, DOWNLOAD_TIMEOUT_MS, () => {
      throw new Error('the download took too long');
    });
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

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 200);
}
