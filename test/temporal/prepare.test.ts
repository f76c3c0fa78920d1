import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Config } from '../../src/config/index.js';
import { NamespaceUnfitError, prepareNamespace } from '../../src/temporal/prepare.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.js';
import { Stack } from '../support/stack.js';

describe('the namespace payments run in (rule 2)', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ without: ['api', 'worker', 'simulator'] });
  });
  after(() => stack?.stop());

  const withRetention = (minRetentionDays: number): Config => ({
    ...stack.config,
    temporal: { ...stack.config.temporal, minRetentionDays },
  });

  it('is refused where closed payments are forgotten too early, with the command that mends it', async () => {
    await assert.rejects(prepareNamespace(stack.temporal, withRetention(90), false), (error: Error) => {
      assert.ok(error instanceof NamespaceUnfitError);
      assert.match(error.message, /forgets closed payments after 1 days.*90 are required/);
      assert.match(error.message, /temporal operator namespace update --namespace default --retention 87600h/);
      return true;
    });
  });

  it('is set to keep them for ten years where the server is our own', async () => {
    const { retentionDays } = await prepareNamespace(stack.temporal, withRetention(90), true);
    assert.equal(retentionDays, 3650);
  });

  it('has every search attribute before anything reports ready, however often it is asked', async () => {
    await prepareNamespace(stack.temporal, withRetention(1), false);
    await prepareNamespace(stack.temporal, withRetention(1), false);
    const { customAttributes } = await stack.temporal.connection.operatorService.listSearchAttributes({
      namespace: 'default',
    });
    for (const key of SEARCH_ATTRIBUTES) assert.ok(customAttributes?.[key.name], key.name);
  });

  it('is known by its own id, the same for every process', async () => {
    const one = await prepareNamespace(stack.temporal, withRetention(1), false);
    const two = await prepareNamespace(stack.temporal, withRetention(1), false);
    assert.match(one.deployment, /^[0-9a-f-]{36}$/);
    assert.equal(one.deployment, two.deployment);
  });

  it('that does not exist is refused by name', async () => {
    const config = withRetention(1);
    const elsewhere = { ...config, temporal: { ...config.temporal, namespace: 'nonesuch' } };
    await assert.rejects(
      prepareNamespace(stack.temporal, elsewhere, false),
      /namespace nonesuch cannot be read.*TEMPORAL_NAMESPACE/,
    );
  });
});
