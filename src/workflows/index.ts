export { batch } from './batch.js';
export { dispute } from './dispute.js';
export { incident } from './incident.js';
export { payment } from './payment.js';
export { refund } from './refund.js';
export { sweep } from './sweep.js';
