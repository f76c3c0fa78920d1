import fc from 'fast-check';
import type { Choice, Value } from '../../src/simulator/workload/choices.js';
import { KINDS } from '../../src/simulator/workload/kinds/index.js';
import { COMMON, type Operation } from '../../src/simulator/workload/operations.js';

/** The operations that a workload draws, as values that shrink: towards the plainest choice, and towards the newest. */

function anyOf(choice: Choice): fc.Arbitrary<Value> {
  return 'upTo' in choice ? fc.nat(choice.upTo - 1) : fc.constantFrom(...choice);
}

function anyOfKind(kind: string): fc.Arbitrary<Operation> {
  const fields = Object.entries(KINDS[kind]?.fields ?? {}).map(([field, choice]) => [field, anyOf(choice)]);
  return fc.record({
    kind: fc.constant(kind),
    account: anyOf(COMMON.account) as fc.Arbitrary<number>,
    keyed: anyOf(COMMON.keyed) as fc.Arbitrary<boolean>,
    twin: anyOf(COMMON.twin) as fc.Arbitrary<Operation['twin']>,
    given: fc.record(Object.fromEntries(fields)),
  });
}

/** As often as in a workload; fast-check weighs in whole numbers. */
export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  ...Object.entries(KINDS).map(([kind, { weight }]) => ({
    weight: Math.ceil(weight * 10),
    arbitrary: anyOfKind(kind),
  })),
);
