export interface ReportRun {
  id: string;
  object: 'reporting.report_run';
  created: number;
  error: string | null;
  livemode: boolean;
  parameters: ReportParameters;
  report_type: string;
  /** The file that holds it, by its id; shown whole. */
  result: string | null;
  status: 'pending' | 'succeeded' | 'failed';
  succeeded_at: number | null;
}

export interface ReportParameters {
  columns?: string[];
  currency?: string;
  interval_end?: number;
  interval_start?: number;
  payout?: string;
  reporting_category?: string;
  timezone?: string;
}

export interface StoredFile {
  id: string;
  object: 'file';
  created: number;
  expires_at: number | null;
  filename: string | null;
  purpose: string;
  size: number;
  title: string | null;
  type: string | null;
  url: string;
  /** Its bytes in base64. Never shown: they are fetched from `url`. */
  contents: string;
}
