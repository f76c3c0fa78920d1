import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../../src/config/accounts.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

const OTHER_KEY = 'sk_test_of_another_account';
const MB = 1 << 20;

let at: Simulated;
before(async () => {
  at = await Simulated.start();
});
after(() => at?.stop());

/** The client sends files where it sends everything, once it is told a host. */
const upload = (data: Buffer, changes: Partial<Stripe.FileCreateParams['file']> = {}, params: object = {}) =>
  at.stripe.files.create({
    purpose: 'dispute_evidence',
    file: { data, name: 'receipt.png', type: 'image/png', ...changes },
    ...params,
  });
const contents = (url: string | null, key = SIMULATOR_KEY) =>
  fetch(url ?? '', { headers: { authorization: `Bearer ${key}` } });

describe('a file', () => {
  for (const [what, data] of [
    ['every byte there is', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['lines that look like a form’s', Buffer.from('\r\n--boundary\r\nContent-Type: text/plain\r\n\r\n--\r\n')],
    ['nothing', Buffer.alloc(0)],
    ['5 MB', randomBytes(5 * MB)],
  ] as const) {
    it(`of ${what} is there again byte for byte`, async () => {
      const file = await upload(data);
      assert.deepEqual(
        [file.object, file.size, file.type, file.filename, file.purpose],
        ['file', data.length, 'png', 'receipt.png', 'dispute_evidence'],
      );
      const response = await contents(file.url);
      assert.equal(response.status, 200);
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(data));
      assert.deepEqual(await at.stripe.files.retrieve(file.id), file);
      assert.ok(!('contents' in file), 'its bytes are not in what is shown');
    });
  }

  it('may be a PDF or a JPEG, and is listed by its purpose, newest first', async () => {
    const pdf = await upload(Buffer.from('%PDF'), { name: 'a.pdf', type: 'application/pdf' });
    const purpose = { purpose: 'identity_document' };
    const jpeg = await upload(Buffer.from('jpeg'), { name: 'b.jpg', type: 'image/jpeg' }, purpose);
    assert.deepEqual([pdf.type, jpeg.type], ['pdf', 'jpg']);
    const ids = async (params: Stripe.FileListParams) => (await at.stripe.files.list(params)).data.map(({ id }) => id);
    assert.deepEqual((await ids({})).slice(0, 2), [jpeg.id, pdf.id]);
    assert.deepEqual(await ids({ purpose: 'identity_document' }), [jpeg.id]);
  });

  const REFUSED: readonly (readonly [
    what: string,
    call: () => Promise<unknown>,
    code: string | undefined,
    param: string,
  ])[] = [
    ['of another type', () => upload(Buffer.from('x'), { type: 'text/html' }), 'file_type_not_supported', 'file'],
    ['that says no type', () => upload(Buffer.from('x'), { type: '' }), 'file_type_not_supported', 'file'],
    ['larger than 5 MB', () => upload(Buffer.alloc(5 * MB + 1)), 'file_too_large', 'file'],
    ['for no purpose there is', () => upload(Buffer.from('x'), {}, { purpose: 'fun' }), undefined, 'purpose'],
    ['with an unknown parameter', () => upload(Buffer.from('x'), {}, { colour: 'red' }), 'parameter_unknown', 'colour'],
  ];
  for (const [what, call, code, param] of REFUSED) {
    it(`${what} is refused, and none is kept`, async () => {
      const before = (await at.stripe.files.list({ limit: 100 })).data.length;
      const error = await errorOf(call());
      assert.deepEqual([error.statusCode, error.code || undefined, error.param], [400, code, param]);
      assert.equal((await at.stripe.files.list({ limit: 100 })).data.length, before);
    });
  }

  it('that is not sent with its form is missed', async () => {
    const { status, error } = await at.post('/v1/files', { purpose: 'dispute_evidence' });
    assert.deepEqual([status, error?.code, error?.param], [400, 'parameter_missing', 'file']);
  });

  it('that no server would take in is refused before it is read to its end', async () => {
    const error = await errorOf(upload(Buffer.alloc(9 * MB)));
    assert.equal(error.statusCode, 413);
  });

  it('is not there for another account, nor are its bytes', async () => {
    const file = await upload(Buffer.from('mine'));
    const other = at.stripeOf(OTHER_KEY);
    assert.equal((await errorOf(other.files.retrieve(file.id))).code, 'resource_missing');
    assert.deepEqual((await other.files.list()).data, []);
    assert.equal((await contents(file.url, OTHER_KEY)).status, 404);
    assert.equal((await fetch(file.url ?? '')).status, 401);
  });

  it('sent twice under one key is one file, and under the same key another file is refused', async () => {
    const send = (data: string) =>
      at.stripe.files.create(
        { purpose: 'dispute_evidence', file: { data: Buffer.from(data), name: 'a.png', type: 'image/png' } },
        { idempotencyKey: 'file-once' },
      );
    const first = await send('one');
    assert.equal((await send('one')).id, first.id);
    assert.equal((await errorOf(send('two'))).rawType, 'idempotency_error');
  });
});
