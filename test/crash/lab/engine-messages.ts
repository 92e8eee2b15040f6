import type { LiveMigrationInput, LiveMigrationOutput } from '../../../machines/index.ts';
import type { Hold } from './holding.ts';

/** What a process with an engine is to do. */
export interface Order {
  readonly storePath: string;
  /** `null`: go on with what is in the store. */
  readonly start: LiveMigrationInput | null;
  readonly hold: Hold | null;
}

/** What it tells. */
export type Told =
  | { readonly kind: 'entered'; readonly state: string }
  | { readonly kind: 'held'; readonly call: string }
  | { readonly kind: 'ended'; readonly output: LiveMigrationOutput }
  | { readonly kind: 'nothingLeft' }
  | { readonly kind: 'broke'; readonly message: string };
