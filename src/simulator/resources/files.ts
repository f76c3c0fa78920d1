import { z } from 'zod';
import type { StoredFile } from '../objects/reporting.js';
import { nowSeconds, type Operation, type RequestContext } from '../requests/context.js';
import { invalidRequest, noSuch } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import { EXPAND, LIST_BY_TIME, object, oneOf, read } from '../requests/params.js';
import { shown } from '../requests/shown.js';

/** Evidence may be so large (docs.stripe.com/file-upload), in bytes. */
const LARGEST = 5 * (1 << 20);

/** What a file can be uploaded for here, and what there can be files for at Stripe. */
const UPLOADED_FOR = ['dispute_evidence', 'identity_document', 'customer_signature', 'business_logo'] as const;
const PURPOSES = [
  'account_requirement',
  'additional_verification',
  'business_icon',
  'business_logo',
  'customer_signature',
  'dispute_evidence',
  'document_provider_identity_document',
  'finance_report_run',
  'financial_account_statement',
  'identity_document',
  'identity_document_downloadable',
  'issuing_regulatory_reporting',
  'pci_document',
  'platform_terms_of_service',
  'selfie',
  'sigma_scheduled_query',
  'tax_document_user_upload',
  'terminal_android_apk',
  'terminal_reader_splashscreen',
  'terminal_wifi_certificate',
  'terminal_wifi_private_key',
] as const;
const TYPES: Readonly<Record<string, string>> = { 'application/pdf': 'pdf', 'image/jpeg': 'jpg', 'image/png': 'png' };

/** The file itself comes beside the parameters, where its name stands for it. */
const CREATE = object({ ...EXPAND, file: z.string({ error: 'Invalid file' }), purpose: oneOf(UPLOADED_FOR) });
const RETRIEVE = object(EXPAND);
const LIST = object({ ...LIST_BY_TIME, purpose: oneOf(PURPOSES).optional() });

export interface FileMade {
  readonly contents: Buffer;
  readonly filename: string | null;
  readonly purpose: string;
  readonly title: string | null;
  readonly type: string | null;
}

export const createFile: Operation = (context) => {
  const { purpose } = read(CREATE, context.params);
  const { upload } = context;
  if (upload === null) throw invalidRequest('Invalid file: must be a file', undefined, 'file');
  const type = TYPES[upload.type];
  if (type === undefined) {
    throw invalidRequest('The file must be a PDF, a JPEG or a PNG.', 'file_type_not_supported', 'file');
  }
  if (upload.contents.length > LARGEST) throw invalidRequest('The file is larger than 5 MB.', 'file_too_large', 'file');
  const { contents, filename } = upload;
  return shown(context, 'files', makeFile(context, { contents, filename, purpose, title: null, type }));
};

export function makeFile(context: RequestContext, made: FileMade): StoredFile {
  const id = context.newId('file');
  const file: StoredFile = {
    id,
    object: 'file',
    created: nowSeconds(context),
    expires_at: null,
    filename: made.filename,
    purpose: made.purpose,
    size: made.contents.length,
    title: made.title,
    type: made.type,
    url: `${context.base}/v1/files/${id}/contents`,
    contents: made.contents.toString('base64'),
  };
  context.tx.put('files', file);
  return file;
}

export const retrieveFile: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  return shown(context, 'files', find(context, id));
};

/** The one answer that is no JSON. */
export const fileContents: Operation = (context, id) => {
  read(object({}), context.params);
  return Buffer.from(find(context, id).contents, 'base64');
};

export const listFiles: Operation = (context) => {
  const { purpose, ...given } = read(LIST, context.params);
  return page(context, given, {
    table: 'files',
    url: '/v1/files',
    where: (file) => purpose === undefined || file.purpose === purpose,
  });
};

function find({ tx }: RequestContext, id: string): StoredFile {
  const file = tx.look('files', id);
  if (file === undefined) throw noSuch('file', id, 'file');
  return file;
}
