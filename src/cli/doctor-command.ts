import type { Surroundings } from './presenters.ts';

export function doctor(...words: [...unknown[], Surroundings]): Promise<number> {
  return Promise.resolve(words.length);
}
