import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import type { Config } from '../config/index.js';

/** Temporal did not answer at the address given. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
}

/** How long a first connection may take: a cluster that answers at all does so well within this. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * gRPC's own pause between reconnections grows to two minutes, in which every payment would be refused after Temporal is
 * back. A second is kind enough to one server.
 */
const RECONNECTING = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 };

/** A client of the configured namespace, with what `@temporalio/envconfig` finds (profiles, API keys, mTLS). */
export async function connectClient(config: Config): Promise<Client> {
  const { connectionOptions } = loadClientConnectConfig();
  const address = addressOf(config);
  const connection = Connection.lazy({
    ...connectionOptions,
    address,
    connectTimeout: CONNECT_TIMEOUT_MS,
    channelArgs: RECONNECTING,
  });
  try {
    await connection.ensureConnected();
  } catch (error) {
    await connection.close();
    throw unreachable(address, error);
  }
  return new Client({ connection, namespace: config.temporal.namespace });
}

/** A worker's connection. Workers on one queue in one process need one each. */
export async function connectWorker(config: Config): Promise<NativeConnection> {
  const { connectionOptions } = loadClientConnectConfig();
  const address = addressOf(config);
  const { tls, apiKey, metadata } = connectionOptions;
  try {
    return await NativeConnection.connect({
      address,
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    });
  } catch (error) {
    throw unreachable(address, error);
  }
}

/**
 * A client for Stripe's events, of which thousands come at once: its calls go through the SDK's native core, at some 60% of the processor
 * time that gRPC in JavaScript takes for a signal. It heeds no abort signal, and a deadline only for each of the tries that it
 * makes by itself where Temporal is away: whoever calls ends the wait. The runtime is installed before (`runtime.ts`).
 */
export async function connectForEvents(config: Config): Promise<Client> {
  return new Client({ connection: await connectWorker(config), namespace: config.temporal.namespace });
}

function addressOf(config: Config): string {
  return config.temporal.address ?? `127.0.0.1:${config.temporal.port}`;
}

function unreachable(address: string, error: unknown): TemporalUnreachableError {
  return new TemporalUnreachableError(
    `no Temporal server answers at ${address} (${(error as Error).message}): start one there, correct ` +
      'TEMPORAL_ADDRESS, or unset it and run `npm start`, which brings its own',
  );
}
