/**
 * Why there are no paths. `noAlphabet`: a slot of the machine has none; `noSlot`: the machine has no
 * such slot; `noEvent`: the machine hears no such event; `unreached`: no path leads there; `broken`:
 * the machine itself throws; `lateAnswer`: an answer that nobody waits for changes something; `tooManyExceptions`, `staleException`: what was said to be out of reach
 * is too much, or is within reach.
 */
export type PathErrorCode =
  | 'noAlphabet'
  | 'noSlot'
  | 'noEvent'
  | 'unreached'
  | 'broken'
  | 'lateAnswer'
  | 'tooManyExceptions'
  | 'staleException';

export class PathError extends Error {
  override readonly name = 'PathError';
  readonly code: PathErrorCode;

  constructor(code: PathErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
