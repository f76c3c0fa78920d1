import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Has everything that nobody holds taken away, or begun to be. */
export const collectGarbage = runInNewContext('gc') as () => void;
