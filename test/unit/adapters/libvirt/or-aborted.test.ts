import { expect, test } from 'vitest';
import { eachOrAborted, orAborted } from '../../../../src/adapters/libvirt/or-aborted.ts';

const never = new Promise<never>(() => undefined);
const enough = new Error('enough');

test('an abort ends the wait for what does not come', async () => {
  const abort = new AbortController();
  const waiting = orAborted(never, abort.signal);
  abort.abort(enough);
  await expect(waiting).rejects.toBe(enough);
});

test('an abort ends the wait for the next piece, and tells its source', async () => {
  const abort = new AbortController();
  let isEnded = false;
  const pieces: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => {
      const given = [1, 2];
      return {
        next: () => {
          const value = given.shift();
          return value === undefined ? never : Promise.resolve({ done: false, value });
        },
        return: () => {
          isEnded = true;
          return Promise.reject(new Error('its own affair'));
        },
      };
    },
  };
  const seen: number[] = [];
  const collect = async (): Promise<void> => {
    for await (const piece of eachOrAborted(pieces, abort.signal)) {
      seen.push(piece);
      if (piece === 2) setImmediate(() => abort.abort(enough));
    }
  };
  await expect(collect()).rejects.toBe(enough);
  expect(seen).toEqual([1, 2]);
  expect(isEnded).toBe(true);
});
