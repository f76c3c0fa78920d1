import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childEnvironment } from '../config/index.js';

export type Say = (line: string) => void;

export interface GoProgram {
  /** What it is called in what is said about it. */
  readonly name: string;
  /** `path@version`, all of one module. */
  readonly packages: readonly string[];
  /** How long it takes, for who waits. */
  readonly takes: string;
}

/**
 * Builds programs with the Go toolchain into `folder`, in caches of its own, since the build leaves gigabytes there.
 *
 * @throws where there is no Go, or the build fails.
 */
export async function goInstall(program: GoProgram, folder: string, say: Say, stopping?: AbortSignal): Promise<void> {
  const go = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (go.status !== 0) throw new Error('there is no Go toolchain to build it with');
  say(`penstock: building ${program.name} from source: ${program.takes}, this once (${go.stdout.trim()})`);
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), 'penstock-go-'));
  try {
    await run(program, scratch, say, stopping);
    for (const file of readdirSync(join(scratch, 'bin'))) {
      // Beside its place first: another process may be building too, and a rename is all or nothing.
      const beside = join(folder, `${file}.${process.pid}`);
      copyFileSync(join(scratch, 'bin', file), beside);
      renameSync(beside, join(folder, file));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** How often a long build says that it goes on. */
const PROGRESS_EVERY_MS = 10_000;

function run(program: GoProgram, scratch: string, say: Say, stopping?: AbortSignal): Promise<void> {
  const startedAt = Date.now();
  let packages = 0;
  let last = '';
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    say(`penstock:   … ${seconds} s, ${packages} steps done${last === '' ? '' : `, now ${last}`}`);
  }, PROGRESS_EVERY_MS);
  const child = spawn('go', ['install', '-v', '-modcacherw', '-ldflags=-s -w', ...program.packages], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: childEnvironment({
      GOBIN: join(scratch, 'bin'),
      GOCACHE: join(scratch, 'cache'),
      GOMODCACHE: join(scratch, 'mod'),
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
      else reject(new Error(`go install failed: ${errors.trim().split('\n').at(-1)?.slice(0, 200) ?? ''}`));
    });
  }).finally(() => {
    clearInterval(timer);
    process.off('exit', abandon);
    stopping?.removeEventListener('abort', abandon);
  });
}
