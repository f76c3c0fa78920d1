import type { Operation } from '../../support/openapi/document.js';
import { methodOf, pathOf } from './call.js';
import { CONTENTS } from './calls/files.js';
import type { Recorder } from './recorder.js';

/**
 * What the simulator has of Stripe's document, and beside it: whatever it does not call an unrecognized URL, nor takes the
 * last word of for an object's id, as it would in `/v1/charges/search`.
 */
export async function routesOf(recorder: Recorder, operations: readonly Operation[]): Promise<ReadonlySet<string>> {
  const there = new Set<string>();
  for (const name of [...operations.map((operation) => operation.name), CONTENTS]) {
    const ids = [...name.matchAll(/\{/g)].map(() => 'of_nobody');
    const path = pathOf(name, ids);
    const { status, body } = await recorder.send(methodOf(name), path);
    const message = (body as { error?: { message?: string } }).error?.message ?? '';
    const lastWord = name.endsWith('}') ? undefined : path.slice(path.lastIndexOf('/') + 1);
    const takenForId = lastWord !== undefined && message.includes(`'${lastWord}'`);
    const unrecognized = message.startsWith('Unrecognized request URL') || takenForId;
    if (status !== 404 || !unrecognized) there.add(name);
  }
  return there;
}

/** The operation that answers a path; of two that could, the one that spells more of it out. */
export function operationAt(operations: readonly Operation[], method: string, path: string): Operation | undefined {
  const fitting = operations.filter(
    (operation) =>
      operation.method === method && new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const placeholders = ({ path: template }: Operation) => template.split('{').length;
  return fitting.sort((one, other) => placeholders(one) - placeholders(other))[0];
}
