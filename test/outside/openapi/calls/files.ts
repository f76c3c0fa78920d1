import { type Call, call, refused } from '../call.js';
import { A_FILE } from '../world.js';

const RETRIEVE = 'GET /v1/files/{file}';
/** Stripe's document leaves it out: it is on a host of its own there, and answers the file itself. */
export const CONTENTS = 'GET /v1/files/{file}/contents';

export const FILES: readonly Call[] = [
  call('POST /v1/files', 'as evidence', () => ({ params: A_FILE })),
  call(RETRIEVE, 'that was uploaded', async (world) => ({ ids: [(await world.file()).id] })),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['file_of_nobody'] })),
  call('GET /v1/files', 'the newest'),
  call(CONTENTS, 'that was uploaded', async (world) => ({ ids: [(await world.file()).id] })),
  call(CONTENTS, 'that a report run has made', async (world) => {
    const { id } = await world.reportRun();
    await world.pass(1);
    const { result } = await world.get(`/v1/reporting/report_runs/${id}`);
    return { ids: [(result as { id: string }).id] };
  }),
];
