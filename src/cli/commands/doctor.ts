import type { Surroundings } from '../display/presenters.ts';

export function doctor(...words: [...unknown[], Surroundings]): Promise<number> {
  return Promise.resolve(words.length);
}
