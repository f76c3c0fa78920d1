import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../src/process.js';
import { REPLAY_HELP, replayCommand } from '../../src/simulator/workload/command.js';
import { type RunOptions, runWorkload } from '../../src/simulator/workload/run.js';

async function replay(argv: readonly string[], run?: typeof runWorkload): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await replayCommand(argv, (more) => (text += more), run);
  return { code, text };
}

const BAD: Readonly<Record<string, readonly string[]>> = {
  'no seed': [],
  'two seeds': ['1', '2'],
  'a seed that is no number': ['x'],
  'a negative seed': ['--', '-1'],
  'a fraction': ['1.5'],
  'a seed beyond 32 bits': ['4294967296'],
  'no operations': ['1', '--operations', '0'],
  'operations that are no number': ['1', '--operations', 'many'],
  'operations without end': ['1', '--operations', '99999999999'],
  'an option that there is not': ['1', '--faster'],
};

describe('replay', () => {
  it('prints how operations ended, a digest and the verdict, and the same again for the same seed', async () => {
    const { code, text } = await replay(['7', '--operations', '60']);
    assert.equal(code, 0, text);
    assert.match(text, /^seed 7, 60 operations\n/);
    assert.match(text, /^ {2}create an intent +200: \d+/m);
    assert.match(text, /^digest [0-9a-f]{64}$/m);
    assert.match(text, /\neverything adds up\n$/);
    assert.equal((await replay(['7', '--operations', '60'])).text, text);
    const { digest } = await runWorkload({ seed: 7, operations: 60 });
    assert.ok(text.includes(digest), 'auditing on the way changes nothing');
  });

  it('ends with 1 and says what does not add up', async () => {
    const asked: RunOptions[] = [];
    const { code, text } = await replay(['4294967295'], async (options) => {
      asked.push(options);
      return { counts: { refund: { '200': 2, lost: 1 } }, digest: 'd1', violations: ['acct_1: books: they are out'] };
    });
    assert.equal(code, 1);
    assert.match(
      text,
      / {2}refund {2}200: 2, lost: 1\ndigest d1\nwhat does not add up:\n {2}acct_1: books: they are out\n$/,
    );
    assert.deepEqual([asked[0]?.seed, asked[0]?.operations], [4_294_967_295, 10_000]);
  });

  it('explains itself where help is asked for', async () => {
    assert.deepEqual(await replay(['--help']), { code: 0, text: REPLAY_HELP });
  });

  for (const [what, argv] of Object.entries(BAD)) {
    it(`takes ${what} for a mistake, and says what it takes`, async () => {
      await assert.rejects(replay(argv), (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.ok(error.message.endsWith(REPLAY_HELP));
        return true;
      });
    });
  }
});
