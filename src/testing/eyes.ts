import type { WorldPicture } from './picture.ts';

/** How a monitor looks at the world. A host that does not answer is in the picture as such. */
export interface Eyes {
  /** Where the domain is and what it does. */
  glance(signal: AbortSignal): Promise<WorldPicture>;
  /** Everything that is judged in the end. */
  look(signal: AbortSignal): Promise<WorldPicture>;
}
