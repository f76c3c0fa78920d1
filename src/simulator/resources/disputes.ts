import type { Dispute } from '../objects/dispute.js';
import { type Operation, type RequestContext, raise } from '../requests/context.js';
import { invalidRequest, noSuch } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import {
  boolean,
  changedMetadata,
  EXPAND,
  LIST_BY_TIME,
  METADATA_CHANGE,
  object,
  read,
  text,
  word,
} from '../requests/params.js';
import { close, isOpen, submit } from './disputing.js';
import { EVIDENCE_FIELDS } from './evidence.js';

/** All the evidence together (docs.stripe.com/api/disputes/update). */
const LONGEST_EVIDENCE = 150_000;

const RETRIEVE = object(EXPAND);
const LIST = object({ ...LIST_BY_TIME, charge: word().optional(), payment_intent: word().optional() });
const UPDATE = object({
  ...EXPAND,
  evidence: object(Object.fromEntries(EVIDENCE_FIELDS.map((field) => [field, text(LONGEST_EVIDENCE)]))).optional(),
  metadata: METADATA_CHANGE,
  submit: boolean().optional(),
});

export const retrieveDispute: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  return find(context, id);
};

export const listDisputes: Operation = (context) => {
  const { charge, payment_intent, ...given } = read(LIST, context.params);
  return page(context, given, {
    table: 'disputes',
    url: '/v1/disputes',
    by: charge === undefined ? ['payment_intent', payment_intent] : ['charge', charge],
    where: (dispute) => payment_intent === undefined || dispute.payment_intent === payment_intent,
  });
};

/** Stages evidence, and submits all that is staged unless `submit` is false. */
export const updateDispute: Operation = (context, id) => {
  const { tx } = context;
  const given = read(UPDATE, context.params);
  const dispute = findOpen(context, id);
  dispute.metadata = changedMetadata(dispute.metadata, given.metadata);
  if (given.evidence !== undefined) dispute.evidence = { ...dispute.evidence, ...checkedLength(given.evidence) };
  const staged = EVIDENCE_FIELDS.some((field) => dispute.evidence[field] !== null);
  dispute.evidence_details.has_evidence = staged;
  const submitting = staged && (given.submit ?? given.evidence !== undefined);
  if (submitting) submit(context, dispute);
  tx.put('disputes', dispute);
  raise(context, 'charge.dispute.updated', dispute);
  if (submitting) raise(context, 'charge.updated', tx.look('charges', dispute.charge));
  return dispute;
};

/** Accepts the dispute: it is lost there and then. */
export const closeDispute: Operation = (context, id) => {
  read(RETRIEVE, context.params);
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
function checkedLength(evidence: Record<string, string | null | undefined>): Record<string, string | null> {
  const given = Object.entries(evidence).flatMap(([field, value]) =>
    value === undefined ? [] : [[field, value] as const],
  );
  if (given.reduce((sum, [, value]) => sum + (value?.length ?? 0), 0) > LONGEST_EVIDENCE) {
    throw invalidRequest('Evidence can have at most 150,000 characters', undefined, 'evidence');
  }
  return Object.fromEntries(given);
}
