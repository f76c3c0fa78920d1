import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Client, Connection, isGrpcCancelledError } from '@temporalio/client';
import { abortable } from '../../src/temporal/abortable.js';

describe('calls to Temporal that a signal can end', () => {
  /** Takes connections, and never says anything. */
  let silent: Server;
  const sockets: Socket[] = [];
  let client: Client;
  before(async () => {
    silent = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    client = new Client({ connection: Connection.lazy({ address: `127.0.0.1:${port}` }) });
  });
  after(async () => {
    await client.connection.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  const ask = () => client.workflowService.getSystemInfo({});
  const listeners = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length;

  it('leave nothing behind on it, however many they were', async () => {
    const stopping = new AbortController();
    const asked = Array.from({ length: 20 }, () =>
      abortable(client, stopping.signal, () => client.withDeadline(Date.now() + 50, ask)),
    );
    assert.equal(listeners(stopping), 20);
    await Promise.allSettled(asked);
    assert.equal(listeners(stopping), 0);
  });

  it('end with it', async () => {
    const stopping = new AbortController();
    const asked = abortable(client, stopping.signal, ask);
    stopping.abort();
    await assert.rejects(asked, isGrpcCancelledError);
    assert.equal(listeners(stopping), 0);
  });
});
