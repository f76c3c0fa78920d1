export { incident } from './incident.js';
export { payment } from './payment.js';
export { sweep } from './sweep.js';
