import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Check } from '../../bench/figures/checks.js';
import { reportKept } from '../../bench/figures/report.js';
import { newestOf, type Results, writeResults } from '../../bench/results.js';

const check = (measured: string): Check => ({ what: 'use', measured, target: '>= 98%', held: true, exact: false });

const run = (day: number, names: readonly string[], more: Partial<Results> = {}): Results => ({
  startedAt: new Date(Date.UTC(2026, 0, day)),
  commit: { hash: `abc${day}`, changed: false },
  server: 'embedded',
  quick: false,
  rows: Object.fromEntries(names.map((name) => [name, { checks: [check(`${day}%`)] }])),
  ...more,
});

describe('what the bench keeps', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-results-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is found again: the newest of each row, on the same server, and none that only tried the bench', () => {
    assert.equal(newestOf(['a'], 'embedded', join(folder, 'nowhere')).size, 0);
    for (const results of [
      run(3, ['a']),
      run(1, ['a', 'b']),
      run(4, ['a', 'c'], { quick: true }),
      run(5, ['a'], { server: 'production' }),
    ])
      writeResults(results, [], folder);
    writeFileSync(join(folder, '2026-02-01-cut-off.json'), '{"startedAt": "2026');
    writeFileSync(join(folder, '2026-02-02-of-another-form.json'), '{"rows": {"a": {"data": 1}}}');
    const kept = newestOf(['a', 'b', 'c'], 'embedded', folder);
    assert.deepEqual(
      [...kept].map(([name, { commit }]) => [name, commit.hash]),
      [
        ['a', 'abc3'],
        ['b', 'abc1'],
      ],
    );
    assert.deepEqual(reportKept(['a', 'b', 'c'], kept), [
      '     measured  target                    when',
      'use        3%  >= 98%  held  2026-01-03, abc3',
      'use        1%  >= 98%  held  2026-01-01, abc1',
      'c was never measured here: npm run bench -- c',
    ]);
    assert.equal(newestOf(['a'], 'production', folder).get('a')?.commit.hash, 'abc5');
  });
});
