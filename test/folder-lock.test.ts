import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FolderLock, FolderUnavailableError } from '../src/folder-lock.js';
import { Part } from './support/process.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const isRefused = (by: number) => (error: Error) =>
  error instanceof FolderUnavailableError && error.message === `${folder} is used by process ${by}`;

/** Another process that holds the folder until it is ended. */
async function held(inside: string): Promise<Part> {
  const program = `
    import { FolderLock } from './src/folder-lock.ts';
    await FolderLock.take(${JSON.stringify(inside)});
    process.stdout.write('held');
    setInterval(() => undefined, 60_000);`;
  const part = new Part(
    'holder',
    [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program],
    {},
    /held/,
  );
  await part.start();
  return part;
}

describe('a folder’s lock', () => {
  it('lets nobody else in, says whose it is, and leaves nothing once it is released', async () => {
    const lock = await FolderLock.take(folder);
    const before = readdirSync(folder);
    await assert.rejects(FolderLock.take(folder), isRefused(process.pid));
    await assert.rejects(FolderLock.take(folder), isRefused(process.pid));
    assert.deepEqual(readdirSync(folder), before);
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
    (await FolderLock.take(folder)).release();
  });

  it('is held by another process for as long as it lives, though it be too busy to answer', async () => {
    const holder = await held(folder);
    try {
      await assert.rejects(FolderLock.take(folder), isRefused(holder.pid));
      process.kill(holder.pid, 'SIGSTOP');
      await assert.rejects(FolderLock.take(folder), isRefused(holder.pid));
    } finally {
      await holder.kill9();
    }
    (await FolderLock.take(folder)).release();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is nobody’s where the one who held it was killed, were its process id in use again', async () => {
    const holder = await held(folder);
    const [name = ''] = readdirSync(folder);
    await holder.kill9();
    // As in a container, where each first process has the same id.
    renameSync(join(folder, name), join(folder, name.replace(`-${holder.pid}-`, `-${process.pid}-`)));
    (await FolderLock.take(folder)).release();
  });

  it('is rid of one who was killed before it bore its name, and leaves one who is about to', async () => {
    const holder = await held(folder);
    const [name = ''] = readdirSync(folder);
    await holder.kill9();
    renameSync(join(folder, name), join(folder, `${name}.new`));
    const coming = 'held-by-1-0123456789abcdef.new';
    const comer = createServer().listen(join(folder, coming));
    await once(comer, 'listening');
    try {
      const lock = await FolderLock.take(folder);
      assert.ok(!readdirSync(folder).includes(`${name}.new`));
      lock.release();
      assert.deepEqual(readdirSync(folder), [coming]);
    } finally {
      comer.close();
    }
  });

  it('is had by one of those who come together, and by no other', async () => {
    for (let round = 0; round < 20; round += 1) {
      const came = await Promise.allSettled(Array.from({ length: 4 }, () => FolderLock.take(folder)));
      const had = came.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
      assert.equal(had.length, 1, `in round ${round}`);
      for (const lock of had) lock.release();
      (await FolderLock.take(folder)).release();
      assert.deepEqual(readdirSync(folder), []);
    }
  });

  it('is had in a folder whose path is longer than a socket’s may be, and held there', async () => {
    const long = join(folder, 'a-long-name'.repeat(9), 'another-long-name'.repeat(9));
    const holder = await held(long);
    try {
      await assert.rejects(FolderLock.take(long), FolderUnavailableError);
    } finally {
      await holder.kill9();
    }
    (await FolderLock.take(long)).release();
    assert.deepEqual(readdirSync(long), []);
  });

  describe('in a folder that cannot be had', () => {
    const refusal = (named: string) =>
      FolderLock.take(named).then(
        () => assert.fail('it was had'),
        (error: Error) => {
          assert.ok(error instanceof FolderUnavailableError, `${error}`);
          return error.message;
        },
      );

    it('says why not, in one line', async () => {
      const file = join(folder, 'a-file');
      writeFileSync(file, '');
      assert.equal(await refusal(file), `${file} cannot be made (EEXIST)`);
      assert.equal(await refusal(join(file, 'simulator')), `${file}/simulator cannot be made (ENOTDIR)`);
    });

    it('says so where there is no short path to a long one, and leaves nothing behind', async () => {
      const long = join(folder, 'a-long-name'.repeat(9));
      const { TMPDIR } = process.env;
      const aside = join(folder, 'another-long-name'.repeat(6));
      mkdirSync(aside);
      try {
        process.env['TMPDIR'] = aside;
        assert.match(await refusal(long), /its path is too long for one's, and so is any in \/.* \(TMPDIR\)$/);
        assert.deepEqual(readdirSync(aside), []);
        process.env['TMPDIR'] = join(folder, 'nowhere');
        assert.match(await refusal(long), /nowhere no shorter one to it can be made \(ENOENT\)$/);
      } finally {
        if (TMPDIR === undefined) delete process.env['TMPDIR'];
        else process.env['TMPDIR'] = TMPDIR;
      }
    });
  });

  it('leaves files of other names alone', async () => {
    mkdirSync(join(folder, 'held-by-me'));
    writeFileSync(join(folder, 'held-by-1.txt'), 'not a lock');
    (await FolderLock.take(folder)).release();
    assert.deepEqual(readdirSync(folder), ['held-by-1.txt', 'held-by-me']);
  });
});
