import type { Surroundings } from './presenters.ts';

export function demo(...words: [...unknown[], Surroundings]): Promise<number> {
  return Promise.resolve(words.length);
}
