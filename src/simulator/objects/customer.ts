import type { Address, Metadata, Shipping } from './shared.js';

export interface Customer {
  id: string;
  object: 'customer';
  address: Address | null;
  balance: number;
  created: number;
  currency: string | null;
  customer_account: null;
  default_source: null;
  delinquent: boolean;
  description: string | null;
  discount: null;
  email: string | null;
  invoice_prefix: string;
  invoice_settings: {
    custom_fields: null;
    default_payment_method: string | null;
    footer: null;
    rendering_options: null;
  };
  livemode: boolean;
  metadata: Metadata;
  name: string | null;
  next_invoice_sequence: number;
  phone: string | null;
  preferred_locales: string[];
  shipping: Omit<Shipping, 'carrier' | 'tracking_number'> | null;
  tax_exempt: 'none' | 'exempt' | 'reverse';
  test_clock: null;
  /** It was deleted: of it is shown only that. */
  deleted?: true;
}
