import { z } from 'zod';

/** Kinds of values that options take; each message goes on after the option's name. */

const quoted = (input: unknown): string => JSON.stringify(input) ?? 'nothing';

export function wholeNumber(least: number, most: number, unit: string) {
  const wrong = ({ input }: { readonly input?: unknown }) =>
    `${quoted(input)} is not a whole number from ${least} to ${most} (${unit})`;
  return z
    .string()
    .regex(/^[0-9]{1,9}$/, { error: wrong })
    .refine((text) => Number(text) >= least && Number(text) <= most, { error: wrong })
    .transform(Number);
}

export function oneOf<const Word extends string>(words: readonly [Word, ...Word[]]) {
  return z.enum(words, {
    error: ({ input }) => `${quoted(input)} is not known; there is ${words.join(', ')}`,
  });
}

/** Words with commas between them. */
export function listOf(isWord: (word: string) => boolean, what: string) {
  return z
    .string()
    .transform((text) => text.split(','))
    .refine((words) => words.every(isWord), { error: `must list ${what}` });
}

/** An option without a value: absent is false. */
export const flag = z
  .boolean()
  .optional()
  .transform((given) => given === true);

/** As libvirt takes one (virDomainDefNameValidate): no slash, no line break. */
export const domainName = z.string().regex(/^[^/\p{Cc}]{1,255}$/u, {
  error: ({ input }) =>
    `${quoted(input)} cannot be a domain's name: no slash, no control characters, at most 255`,
});
