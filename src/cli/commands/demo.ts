import type { Surroundings } from '../display/presenters.ts';

export function demo(...words: [...unknown[], Surroundings]): Promise<number> {
  return Promise.resolve(words.length);
}
