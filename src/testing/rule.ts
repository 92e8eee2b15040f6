import type { End, Entry } from './history.ts';

/** Judges entries in the order of their coming; returns what broke the rule. */
export type Judge = (entry: Entry) => string | null;

/** One invariant as code. Rules ask nobody and remember nothing of other histories. */
export type Rule = {
  readonly name: string;
  /** Its number in the list of invariants. */
  readonly invariant: number;
  readonly says: string;
} & (
  | { readonly when: 'always'; readonly begin: () => Judge }
  | { readonly when: 'end'; readonly judge: (end: End) => string | null }
);
