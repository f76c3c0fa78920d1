import { type Call, call, refused } from '../call.js';

const CREATE = 'POST /v1/reporting/report_runs';
const LIST = 'GET /v1/reporting/report_runs';
const RETRIEVE = 'GET /v1/reporting/report_runs/{report_run}';
const TYPES = 'GET /v1/reporting/report_types';
const TYPE = 'GET /v1/reporting/report_types/{report_type}';

export const REPORTING: readonly Call[] = [
  call(CREATE, 'of what changed the balance', async (world) => ({ params: await world.report() })),
  refused(400, CREATE, 'of no type there is', () => ({ params: { report_type: 'everything.1' } })),
  call(RETRIEVE, 'that is pending', async (world) => ({ ids: [(await world.reportRun()).id] })),
  call(RETRIEVE, 'that is done', async (world) => {
    const { id } = await world.reportRun();
    await world.pass(1);
    return { ids: [id] };
  }),
  refused(404, RETRIEVE, 'that is not there', () => ({ ids: ['frr_of_nobody'] })),
  call(LIST, 'the newest'),
  call(TYPES, 'all of them'),
  call(TYPE, 'by its name', () => ({ ids: ['balance.summary.1'] })),
  refused(404, TYPE, 'that is not there', () => ({ ids: ['everything.1'] })),
];
