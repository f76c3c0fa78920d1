import { BACKGROUND } from './background.js';
import { FOLLOWING } from './following.js';
import { LONGER } from './longer.js';
import type { Paths } from './path.js';
import { PLAIN } from './plain.js';
import { UNSURE } from './unsure.js';

export { CALM } from './path.js';

export const PATHS: Paths = { ...PLAIN, ...UNSURE, ...LONGER, ...FOLLOWING, ...BACKGROUND };
