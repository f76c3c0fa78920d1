import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A folder that cannot be had for oneself; the message names it, and says why. */
export class FolderUnavailableError extends Error {
  override readonly name: string = 'FolderUnavailableError';
}

/** Another process has it, which can be stopped. */
export class FolderInUseError extends FolderUnavailableError {
  override readonly name = 'FolderInUseError';
}

/** The path of a socket has 104 bytes on macOS and 108 on Linux, its end included; a longer one may be cut off unsaid. */
const LONGEST_PATH = 100;

/** By folder: resolves once it is decided whether the last of this process that came to it has it. */
const coming = new Map<string, Promise<unknown>>();

const HOLDER = /^held-by-(\d+)-[0-9a-f]{16}$/;
/** One that does not bear its name yet, or was killed before it did. */
const COMER = /^held-by-\d+-[0-9a-f]{16}\.new$/;

/**
 * A folder that one process of a machine at a time has, in whichever of its containers: it listens on a socket in it, named
 * after its process id, for as long as it lives. Whether a socket is somebody's the kernel tells: a process that was killed
 * answers no more, whoever has its id by now. A file with an id in it could not tell, in a container least of all, where the
 * next process has the same id; nor could one that is touched now and then, until it has been left alone for long enough.
 *
 * Each first shows itself and then looks round. So of two processes that come together both may be refused, and never is neither.
 * Within a process they come one after the other.
 * A dead socket may be removed by anybody: nobody listens on one of its name again. One that is made and not listened on yet,
 * which takes no time, looks dead too: whose it is is refused then, as of two who come together.
 */
export class FolderLock {
  private constructor(
    private readonly server: Server,
    private readonly path: string,
  ) {}

  /** Makes the folder where there is none. @throws FolderUnavailableError, and FolderInUseError when another process has it. */
  static async take(named: string): Promise<FolderLock> {
    const folder = resolve(named);
    const before = coming.get(folder) ?? Promise.resolve();
    const taken = before.then(() => FolderLock.takeNow(folder));
    const decided = taken.then(
      () => undefined,
      () => undefined,
    );
    coming.set(folder, decided);
    try {
      return await taken;
    } finally {
      if (coming.get(folder) === decided) coming.delete(folder);
    }
  }

  private static async takeNow(folder: string): Promise<FolderLock> {
    orUnavailable(`${folder} cannot be made`, () => mkdirSync(folder, { recursive: true }));
    const near = nearby(folder);
    try {
      const name = `held-by-${process.pid}-${randomBytes(8).toString('hex')}`;
      const lock = new FolderLock(await listening(folder, near.path, name), join(folder, name));
      try {
        await refuseOthers(folder, near.path, name);
      } catch (error) {
        lock.release();
        throw error;
      }
      return lock;
    } finally {
      near.forget();
    }
  }

  release(): void {
    rmSync(this.path, { force: true });
    this.server.close();
  }
}

/** It bears its name only once it listens: until then whoever looks would take it for a dead one. */
async function listening(folder: string, near: string, name: string): Promise<Server> {
  const server = createServer((caller) => caller.destroy());
  try {
    server.listen(join(near, `${name}.new`));
    await once(server, 'listening');
    renameSync(join(folder, `${name}.new`), join(folder, name));
  } catch (error) {
    server.close();
    throw unavailable(`${folder} cannot be locked by a socket in it`, error);
  }
  // Who forgets it may end all the same.
  return server.unref();
}

async function refuseOthers(folder: string, near: string, own: string): Promise<void> {
  for (const name of orUnavailable(`${folder} cannot be read`, () => readdirSync(folder))) {
    const [, pid] = HOLDER.exec(name) ?? [];
    if (name === own || (pid === undefined && !COMER.test(name))) continue;
    if (await isAlive(join(near, name))) {
      // Who comes looks round itself, and finds who is here.
      if (pid === undefined) continue;
      throw new FolderInUseError(`${folder} is used by process ${pid}`);
    }
    rmSync(join(folder, name), { force: true });
  }
}

/** A process too busy to answer, or somebody else's, is alive: only a refusal says that nobody listens. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = connect(path);
    call.once('connect', () => {
      call.destroy();
      resolve(true);
    });
    call.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

/** Another path to the folder, short enough for sockets, for as long as it is not forgotten. */
function nearby(folder: string): { readonly path: string; readonly forget: () => void } {
  if (isShort(folder)) return { path: folder, forget: () => undefined };
  const aside = tmpdir();
  const why = `${folder} cannot be locked by a socket in it: its path is too long for one's, and`;
  const none = `${why} in ${aside} no shorter one to it can be made`;
  const beside = orUnavailable(none, () => mkdtempSync(join(aside, 'penstock-')));
  const near = { path: join(beside, 'f'), forget: () => rmSync(beside, { recursive: true }) };
  try {
    if (!isShort(near.path)) throw new FolderUnavailableError(`${why} so is any in ${aside} (TMPDIR)`);
    orUnavailable(none, () => symlinkSync(folder, near.path));
    return near;
  } catch (error) {
    near.forget();
    throw error;
  }
}

function isShort(folder: string): boolean {
  return Buffer.byteLength(join(folder, 'held-by-4194304-0123456789abcdef.new')) <= LONGEST_PATH;
}

function orUnavailable<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unavailable(what, error);
  }
}

function unavailable(what: string, error: unknown): FolderUnavailableError {
  const { code = String(error) } = error as NodeJS.ErrnoException;
  return new FolderUnavailableError(`${what} (${code})`);
}
