import { type Operation, type RequestContext, raise } from '../context.js';
import type { Dispute } from '../dispute-objects.js';
import { invalidRequest, noSuch } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import { boolean, changedMetadata, nested, onlyKnown, type Params, text } from '../params.js';
import { close, isOpen, submit } from './disputing.js';
import { EVIDENCE_FIELDS } from './evidence.js';

/** All the evidence together (docs.stripe.com/api/disputes/update). */
const LONGEST_EVIDENCE = 150_000;

export const retrieveDispute: Operation = (context, id) => {
  onlyKnown(context.params, ['expand']);
  return find(context, id);
};

export const listDisputes: Operation = ({ tx, params }) => {
  onlyKnown(params, [...LIST_PARAMS, 'charge', 'payment_intent']);
  const charge = text(params, 'charge');
  const intent = text(params, 'payment_intent');
  const rows = tx
    .all('disputes')
    .filter(
      (d) => (charge === undefined || d.charge === charge) && (intent === undefined || d.payment_intent === intent),
    );
  return page(rows, params, '/v1/disputes');
};

/** Stages evidence, and submits all that is staged unless `submit` is false. */
export const updateDispute: Operation = (context, id) => {
  const { params, tx } = context;
  onlyKnown(params, ['evidence', 'expand', 'metadata', 'submit']);
  const dispute = findOpen(context, id);
  const evidence = evidenceOf(params);
  dispute.metadata = changedMetadata(dispute.metadata, params);
  if (evidence !== undefined) dispute.evidence = { ...dispute.evidence, ...evidence };
  const staged = EVIDENCE_FIELDS.some((field) => dispute.evidence[field] !== null);
  dispute.evidence_details.has_evidence = staged;
  const submitting =
    params['submit'] === undefined ? evidence !== undefined && staged : boolean(params, 'submit') && staged;
  if (submitting) submit(context, dispute);
  tx.put('disputes', dispute);
  raise(context, 'charge.dispute.updated', dispute);
  if (submitting) raise(context, 'charge.updated', tx.get('charges', dispute.charge));
  return dispute;
};

/** Accepts the dispute: it is lost there and then. */
export const closeDispute: Operation = (context, id) => {
  onlyKnown(context.params, ['expand']);
  const dispute = findOpen(context, id);
  close(context, dispute, 'lost');
  return dispute;
};

function find({ tx }: RequestContext, id: string): Dispute {
  const dispute = tx.get('disputes', id);
  if (dispute === undefined) throw noSuch('dispute', id, 'dispute');
  return dispute;
}

function findOpen(context: RequestContext, id: string): Dispute {
  const dispute = find(context, id);
  if (!isOpen(dispute)) throw invalidRequest('This dispute is already closed');
  return dispute;
}

/** What is given of evidence; a field given as nothing is taken away. */
function evidenceOf(params: Params): Record<string, string | null> | undefined {
  const given = nested(params, 'evidence');
  if (given === undefined) return undefined;
  for (const field of Object.keys(given)) {
    if (!(EVIDENCE_FIELDS as readonly string[]).includes(field)) {
      throw invalidRequest(`Received unknown parameter: evidence[${field}]`, 'parameter_unknown', `evidence[${field}]`);
    }
  }
  const evidence = Object.fromEntries(Object.keys(given).map((field) => [field, text(given, field) ?? null]));
  const length = Object.values(evidence).reduce((sum, value) => sum + (value?.length ?? 0), 0);
  if (length > LONGEST_EVIDENCE) {
    throw invalidRequest('Evidence can have at most 150,000 characters', undefined, 'evidence');
  }
  return evidence;
}
