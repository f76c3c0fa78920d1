import type { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { Config } from '../config/index.js';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.js';
import { grpcCode } from './grpc-errors.js';
import { IndexedValueType } from './proto.js';

/** The namespace is not one that payments may run in; the message says what to do. */
export class NamespaceUnfitError extends Error {
  override readonly name = 'NamespaceUnfitError';
}

/** What Penstock keeps closed payments for where the server is its own: ten years. */
const OWN_RETENTION_DAYS = 3_650;
const DAY_SECONDS = 86_400;

/** Facts about the namespace that everything else is built on. */
export interface Prepared {
  /** The namespace's own id: which Penstock an intent belongs to, when several share a Stripe account. */
  readonly deployment: string;
  readonly retentionDays: number;
}

/** How often it is looked whether a new namespace and its search attributes have become known, and how far apart. */
const TRIES = 80;
const PAUSE_MS = 250;

/**
 * Makes sure of what payments rely on before anything reports ready: the namespace keeps closed runs long enough that a
 * reference cannot be charged twice, and the search attributes exist.
 *
 * @param own whether the server is this process's own, so that its namespace may be changed.
 * @throws NamespaceUnfitError
 */
export async function prepareNamespace(client: Client, config: Config, own: boolean): Promise<Prepared> {
  const { namespace, minRetentionDays } = config.temporal;
  if (own) await keepLong(client, namespace);
  const description = await describe(client, namespace);
  const retentionDays = Number(description.config?.workflowExecutionRetentionTtl?.seconds ?? 0) / DAY_SECONDS;
  if (retentionDays < minRetentionDays) {
    throw new NamespaceUnfitError(
      `namespace ${namespace} forgets closed payments after ${retentionDays} days, and a forgotten reference can be ` +
        `charged again; ${minRetentionDays} are required: temporal operator namespace update --namespace ${namespace} ` +
        `--retention ${OWN_RETENTION_DAYS * 24}h (Temporal Cloud: 90 days at most)`,
    );
  }
  await ensureSearchAttributes(client, namespace);
  const deployment = description.namespaceInfo?.id;
  if (!deployment) throw new NamespaceUnfitError(`namespace ${namespace} shows no id`);
  return { deployment, retentionDays };
}

async function describe(client: Client, namespace: string) {
  try {
    return await client.workflowService.describeNamespace({ namespace });
  } catch (error) {
    throw new NamespaceUnfitError(
      `namespace ${namespace} cannot be read (${(error as Error).message}): create it, or correct TEMPORAL_NAMESPACE`,
    );
  }
}

async function keepLong(client: Client, namespace: string): Promise<void> {
  await client.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs(`${OWN_RETENTION_DAYS} days`) },
  });
}

/** Registers what is missing where that is allowed, and waits until a payment that carries them would be taken. */
async function ensureSearchAttributes(client: Client, namespace: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const missing = await missingAttributes(client, namespace);
    if (missing?.length === 0 && (await areUsable(client))) return;
    if (tries >= TRIES) throw missingError(namespace, missing ?? [...SEARCH_ATTRIBUTES], undefined);
    if (missing !== undefined && missing.length > 0) await register(client, namespace, missing);
    await new Promise((resolve) => setTimeout(resolve, tries === 0 ? 0 : PAUSE_MS));
  }
}

type Attribute = (typeof SEARCH_ATTRIBUTES)[number];

async function register(client: Client, namespace: string, missing: readonly Attribute[]): Promise<void> {
  const searchAttributes = Object.fromEntries(missing.map((key) => [key.name, indexedType(key.type)]));
  try {
    await client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    if (isNotYet(error)) return;
    // Another process may have been quicker; what counts is whether they exist.
    const still = await missingAttributes(client, namespace);
    if (still === undefined || still.length > 0) throw missingError(namespace, still ?? missing, error);
  }
}

/**
 * A cluster's frontend looks namespaces up in a cache, up to ten seconds old: it lists attributes as registered while it
 * still refuses a workflow that carries them, and does not find a namespace that was just created. A query is checked
 * against the same cache as a start.
 */
async function areUsable(client: Client): Promise<boolean> {
  const query = SEARCH_ATTRIBUTES.map(({ name, type }) => `${name} = ${type === 'INT' ? '0' : "''"}`).join(' AND ');
  try {
    await client.workflow.count(query);
    return true;
  } catch (error) {
    if (isNotYet(error)) return false;
    throw error;
  }
}

/** gRPC's INVALID_ARGUMENT and NOT_FOUND. */
const NOT_YET: ReadonlySet<number | undefined> = new Set([3, 5]);

function isNotYet(error: unknown): boolean {
  return NOT_YET.has(grpcCode(error));
}

/** Undefined while the frontend does not know the namespace yet. */
async function missingAttributes(client: Client, namespace: string): Promise<Attribute[] | undefined> {
  try {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
    return SEARCH_ATTRIBUTES.filter((key) => customAttributes?.[key.name] !== indexedType(key.type));
  } catch (error) {
    if (isNotYet(error)) return undefined;
    throw error;
  }
}

/** As Temporal's own tools write it. */
export function typeName({ type }: Attribute): string {
  return type === 'INT' ? 'Int' : 'Keyword';
}

function indexedType(type: 'KEYWORD' | 'INT') {
  return type === 'INT' ? IndexedValueType.INDEXED_VALUE_TYPE_INT : IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
}

function missingError(namespace: string, missing: readonly Attribute[], cause: unknown): NamespaceUnfitError {
  const wanted = missing.map((key) => `--name ${key.name} --type ${typeName(key)}`).join(' ');
  const why = cause === undefined ? '' : ` (${(cause as Error).message})`;
  return new NamespaceUnfitError(
    `namespace ${namespace} lacks search attributes${why}: ` +
      `temporal operator search-attribute create --namespace ${namespace} ${wanted}`,
  );
}
