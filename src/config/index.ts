import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { z } from 'zod';
import { NAME_PATTERN } from '../domain/ids.js';
import {
  type Account,
  accountSchema,
  SIMULATOR_KEY,
  SIMULATOR_WEBHOOK_SECRET,
  sameKeyProblem,
  toAccount,
} from './accounts.js';
import { budgetProblem, budgetSchema } from './budgets.js';
import { liveKeyProblems, type PaymentPolicy, paymentPolicySchema } from './policy.js';

export type { Account } from './accounts.js';
export { type PaymentPolicy, timingOf } from './policy.js';

/** Everything the environment and the configuration file say, read once and frozen. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** The process that takes nothing but Stripe's events. */
  readonly webhooks: { readonly port: number };
  readonly metrics: {
    /** Where a worker shows its metrics; undefined: nowhere. */
    readonly port: number | undefined;
    /** The merchants that are counted by name. */
    readonly merchants: readonly string[];
  };
  readonly dataDir: string;
  /** The PostgreSQL of the store, its password included: it is never logged. Undefined: none is named. */
  readonly databaseUrl: string | undefined;
  readonly temporal: {
    /** Undefined: this process starts a server of its own. */
    readonly address: string | undefined;
    readonly namespace: string;
    readonly cliPath: string | undefined;
    /** Where a `temporal` executable is looked for, and where one that was built or downloaded is kept. */
    readonly searchPath: readonly string[];
    readonly cacheDir: string;
    /** Where a server of its own listens. */
    readonly port: number;
    readonly uiPort: number;
    readonly minRetentionDays: number;
    /** Calls a second to visibility that one process makes to show what follows payments; twice as many after a rest. */
    readonly listsPerSecond: number;
  };
  /** In the order of the file: a payment goes to the first that takes its currency. */
  readonly accounts: readonly Account[];
  readonly simulator: { readonly embedded: boolean; readonly port: number };
  /** SHA-256 of each API key; empty: no key is asked for. */
  readonly apiKeyHashes: readonly Buffer[];
  readonly policy: { readonly payments: PaymentPolicy };
  readonly logLevel: LogLevel;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Configuration that cannot be run with: each line names a field and the way out. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const anyPort = z.coerce.number().int().min(1).max(65_535);
const port = (byDefault: number) => anyPort.default(byDefault);
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

const environmentSchema = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port(3000),
  WEBHOOKS_PORT: port(3001),
  METRICS_PORT: anyPort.optional(),
  PENSTOCK_DATA_DIR: z.string().min(1).default('.penstock'),
  DATABASE_URL: z
    .string()
    .refine(isPostgresUrl, 'a PostgreSQL address like postgres://user:password@host:5432/database')
    .optional(),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_CLI_PATH: z.string().min(1).optional(),
  TEMPORAL_PORT: port(7233),
  TEMPORAL_UI_PORT: port(8233),
  PENSTOCK_MIN_RETENTION_DAYS: z.coerce.number().min(1).optional(),
  PENSTOCK_LISTS_PER_SECOND: z.coerce.number().min(1).max(10_000).optional(),
  STRIPE_SECRET_KEY: z.string().min(12).optional(),
  STRIPE_WEBHOOK_SECRET: list.refine(
    (all) => all.every((secret) => secret.length >= 8),
    'every secret needs 8 characters',
  ),
  STRIPE_API_BASE: z.url({ protocol: /^https?$/ }).optional(),
  SIMULATOR_PORT: port(12111),
  PENSTOCK_CONFIG: z.string().min(1).optional(),
  PENSTOCK_API_KEYS: list.refine((keys) => keys.every((key) => key.length >= 16), 'every key needs 16 characters'),
  PATH: z.string().default(''),
  XDG_CACHE_HOME: z.string().optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

type Environment = z.infer<typeof environmentSchema>;

/** Everybody else is counted as `other`. */
const MOST_NAMED_MERCHANTS = 20;

const fileSchema = z.strictObject({
  accounts: z
    .record(
      z.string().regex(NAME_PATTERN, 'a name of letters, digits, _ and -').max(32, 'at most 32 characters'),
      accountSchema,
    )
    .refine((accounts) => Object.keys(accounts).length > 0, 'at least one account')
    .optional(),
  policy: z.strictObject({ payments: paymentPolicySchema.prefault({}) }).prefault({}),
  metrics: z
    .strictObject({
      merchants: z
        .array(z.string().regex(NAME_PATTERN, 'a name of letters, digits, _ and -'))
        .max(MOST_NAMED_MERCHANTS, `at most ${MOST_NAMED_MERCHANTS}: each is a time series of its own for every status`)
        .default([]),
    })
    .prefault({}),
});

/**
 * A live key below this would let the same reference be charged twice: Temporal forgets a closed run after the
 * namespace's retention, and 90 days is the most Temporal Cloud keeps one.
 */
const LIVE_MIN_RETENTION_DAYS = 90;

/**
 * A cluster allows ten visibility calls a second by default (`frontend.namespaceRPS.visibility`, for each frontend and
 * namespace), everybody's lists among them; a server of Penstock's own is started with a hundred.
 */
const CLUSTER_LISTS = 5;
const OWN_LISTS = 40;

/**
 * Reads the configuration. An empty variable counts as unset, as in a compose file.
 *
 * @param defaults what a process prefers where the environment says nothing.
 * @throws ConfigError naming every field that is wrong.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  defaults: Readonly<Record<string, string>> = {},
): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const vars = parse(environmentSchema, { ...defaults, ...given }, '');
  const file = vars.PENSTOCK_CONFIG === undefined ? parse(fileSchema, {}, '') : readFile(vars.PENSTOCK_CONFIG);
  const accounts = accountsOf(vars, file);
  const policy = { payments: file.policy.payments };
  refuseOpenDoor(vars);
  refuseUnsafeLive(vars, accounts, policy.payments);
  refuseUnsharable(accounts);
  const config: Config = {
    host: vars.HOST,
    port: vars.PORT,
    webhooks: { port: vars.WEBHOOKS_PORT },
    metrics: { port: vars.METRICS_PORT, merchants: file.metrics.merchants },
    dataDir: resolve(vars.PENSTOCK_DATA_DIR),
    databaseUrl: vars.DATABASE_URL,
    temporal: {
      address: vars.TEMPORAL_ADDRESS,
      namespace: vars.TEMPORAL_NAMESPACE,
      cliPath: vars.TEMPORAL_CLI_PATH,
      searchPath: vars.PATH.split(delimiter).filter((folder) => folder !== ''),
      cacheDir: join(vars.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'penstock'),
      port: vars.TEMPORAL_PORT,
      uiPort: vars.TEMPORAL_UI_PORT,
      listsPerSecond:
        vars.PENSTOCK_LISTS_PER_SECOND ?? (vars.TEMPORAL_ADDRESS === undefined ? OWN_LISTS : CLUSTER_LISTS),
      minRetentionDays:
        vars.PENSTOCK_MIN_RETENTION_DAYS ?? (accounts.some((a) => a.livemode) ? LIVE_MIN_RETENTION_DAYS : 1),
    },
    accounts,
    simulator: { embedded: usesSimulator(vars, file), port: vars.SIMULATOR_PORT },
    apiKeyHashes: vars.PENSTOCK_API_KEYS.map(hashKey),
    policy,
    logLevel: vars.LOG_LEVEL,
  };
  return deepFreeze(config);
}

/** With a host and the name of a database: without them a driver would take those of the system's user. */
function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return /^postgres(ql)?:$/.test(protocol) && hostname !== '' && pathname.length > 1;
}

function usesSimulator(vars: Environment, file: z.infer<typeof fileSchema>): boolean {
  return vars.STRIPE_SECRET_KEY === undefined && file.accounts === undefined;
}

function accountsOf(vars: Environment, file: z.infer<typeof fileSchema>): Account[] {
  if (file.accounts !== undefined) {
    if (vars.STRIPE_SECRET_KEY !== undefined) {
      throw new ConfigError('STRIPE_SECRET_KEY and accounts in PENSTOCK_CONFIG are both set: keep one of them');
    }
    return Object.entries(file.accounts).map(([name, raw]) => toAccount(name, raw));
  }
  if (vars.STRIPE_SECRET_KEY === undefined) {
    const raw = {
      secret_key: SIMULATOR_KEY,
      webhook_secrets: [SIMULATOR_WEBHOOK_SECRET],
      api_base: vars.STRIPE_API_BASE ?? `http://127.0.0.1:${vars.SIMULATOR_PORT}`,
      budget: budgetSchema.parse({}),
    };
    return [toAccount('default', raw)];
  }
  if (vars.STRIPE_WEBHOOK_SECRET.length === 0) {
    throw new ConfigError(
      'STRIPE_WEBHOOK_SECRET is missing: Penstock lets signed webhooks decide. It is shown by `stripe listen`, or on ' +
        "the endpoint's page in Stripe's dashboard",
    );
  }
  const raw = {
    secret_key: vars.STRIPE_SECRET_KEY,
    webhook_secrets: vars.STRIPE_WEBHOOK_SECRET,
    api_base: vars.STRIPE_API_BASE,
    budget: budgetSchema.parse({}),
  };
  return [toAccount('default', raw)];
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Whoever can reach the API can charge: beyond this machine that takes a key. */
function refuseOpenDoor(vars: Environment): void {
  if (LOOPBACK.has(vars.HOST) || vars.PENSTOCK_API_KEYS.length > 0) return;
  throw new ConfigError(`PENSTOCK_API_KEYS: required where HOST (${vars.HOST}) reaches beyond this machine`);
}

function refuseUnsafeLive(vars: Environment, accounts: readonly Account[], policy: PaymentPolicy): void {
  if (!accounts.some((a) => a.livemode)) return;
  const problems = liveKeyProblems(policy);
  if (vars.PENSTOCK_API_KEYS.length === 0) {
    problems.push('PENSTOCK_API_KEYS: required with a live Stripe key; comma-separated, each of 16 characters or more');
  }
  if ((vars.PENSTOCK_MIN_RETENTION_DAYS ?? LIVE_MIN_RETENTION_DAYS) < LIVE_MIN_RETENTION_DAYS) {
    problems.push(`PENSTOCK_MIN_RETENTION_DAYS: with a live Stripe key it must be at least ${LIVE_MIN_RETENTION_DAYS}`);
  }
  for (const { name, livemode, apiBase } of accounts) {
    if (livemode && apiBase?.startsWith('http:') && !LOOPBACK.has(new URL(apiBase).hostname)) {
      problems.push(`account ${name}: a live key must not travel in clear: use https in STRIPE_API_BASE or api_base`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
}

function refuseUnsharable(accounts: readonly Account[]): void {
  const problems = accounts.flatMap((account, nth) =>
    [sameKeyProblem(account, accounts.slice(0, nth)), budgetProblem(account.budget)]
      .filter((problem) => problem !== undefined)
      .map((problem) => `PENSTOCK_CONFIG accounts.${account.name}.${problem}`),
  );
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
}

function readFile(path: string): z.infer<typeof fileSchema> {
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // JSON.parse's own message quotes the text around the fault, and that may be a key.
    const why = error instanceof SyntaxError ? 'it is not valid JSON' : (error as Error).message;
    throw new ConfigError(`PENSTOCK_CONFIG: cannot read ${path}: ${why}`);
  }
  return parse(fileSchema, raw, 'PENSTOCK_CONFIG ');
}

/** What is kept of an API key. */
export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** This process's environment for a child of its own, with `changes`. */
export function childEnvironment(changes: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes };
}

/** Parses or throws one line for each problem. Values are never repeated: they may be secrets. */
function parse<T>(schema: z.ZodType<T>, value: unknown, prefix: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues
      .map((issue) => `${prefix}${issue.path.join('.')}`.trim().concat(`: ${issue.message}`))
      .join('\n'),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
