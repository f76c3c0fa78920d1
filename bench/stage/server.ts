import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { loadConfig } from '../../src/config/index.js';
import { findTemporal } from '../../src/dev/temporal-cli.js';
import { SERVER_FLAGS } from '../../src/dev/temporal-server.js';
import { Part, script } from '../../test/support/process.js';

/** `default`: `temporal server start-dev --db-filename F`, as anybody starts it; `penstock`: as `npm start` does. */
export type Flags = 'default' | 'penstock';

let inProduction = false;

/** From now on stages have Temporal's server on PostgreSQL, whatever the flags of another. */
export function measureInProduction(): void {
  inProduction = true;
}

/** A server with data of its own in the folder. */
export async function temporalPart(folder: string, port: number, uiPort: number, flags: Flags): Promise<Part> {
  if (inProduction) {
    const dataDir = join(folder, 'server');
    mkdirSync(dataDir, { recursive: true });
    // PostgreSQL, which refuses root, has to get through to its own folder.
    chmodSync(folder, 0o711);
    const env = { TEMPORAL_PORT: String(port), PENSTOCK_DATA_DIR: dataDir };
    return new Part('temporal', script('bench/stage/production-server.ts'), env, /production server ready/);
  }
  const command = [
    await temporalCli(),
    ...['server', 'start-dev', '--db-filename', join(folder, 'temporal.db')],
    // Several stand on one machine, and only this machine reaches them.
    ...['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...(flags === 'penstock' ? ['--log-level', 'warn', ...SERVER_FLAGS] : []),
  ];
  return new Part('temporal', command, {}, undefined);
}

const SERVER_TIMEOUT_MS = 60_000;

/** @throws what it ran into last, once it has taken too long. */
export async function untilTemporalAnswers(address: string): Promise<void> {
  const connection = Connection.lazy({ address });
  const deadline = Date.now() + SERVER_TIMEOUT_MS;
  try {
    for (;;) {
      try {
        await connection.workflowService.describeNamespace({ namespace: 'default' });
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  } finally {
    await connection.close();
  }
}

let found: Promise<string> | undefined;

function temporalCli(): Promise<string> {
  found ??= findTemporal(loadConfig(), (line) => process.stderr.write(`${line}\n`));
  return found;
}

/** What the server says of itself. */
export async function temporalVersion(): Promise<string> {
  const cli = execFileSync(await temporalCli(), ['--version'], { encoding: 'utf8' }).trim();
  return inProduction ? `server on PostgreSQL; ${cli}` : cli;
}

/** Removes a stage's folder; a database that is ending writes into it for a moment more. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
}
