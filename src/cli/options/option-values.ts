import { z } from 'zod';

import { didYouMean } from '../../requests/nearest.ts';
import {
  addressOfHost,
  deviceName,
  downtimeMsMax,
  nameOfDomain,
  nameOfSnapshot,
  pathOnHost,
  rampStepsMax,
  runName,
  timeoutPerGibSMax,
} from '../../requests/bounds.ts';

export {
  downtimeMsMax,
  passesMax,
  rampStepsMax,
  timeoutPerGibSMax,
  timeoutSMax,
} from '../../requests/bounds.ts';

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
    error: ({ input }) =>
      `${quoted(input)} is not known; there is ${words.join(', ')}${didYouMean(String(input), words)}`,
  });
}

/** Words with commas between them. */
export function listOf(isWord: (word: string) => boolean, what: string) {
  return z
    .string()
    .transform((text) => text.split(','))
    .refine((words) => words.every(isWord), { error: `must list ${what}` });
}

/** Names of disks, as `<target dev>` has them. */
export const diskName = z.string().regex(deviceName, {
  error: ({ input }) =>
    `${quoted(input)} is no name of a disk: name it as the guest has it, as vda`,
});
export const diskNames = listOf((name) => deviceName.test(name), 'disk names such as vda,vdb');
export const runNames = listOf((run) => runName.test(run), 'runs as the claims name them');

/** An absolute path on the host; it goes to libvirt and qemu-img as it is. */
export const hostPath = z.string().regex(pathOnHost, {
  error: ({ input }) =>
    `${quoted(input)} is no absolute path: name it as the host sees it, as /var/backup`,
});

/** An option without a value: absent is false. */
export const flag = z
  .boolean()
  .optional()
  .transform((given) => given === true);

/** As libvirt takes one (virDomainDefNameValidate): no slash, no line break. */
export const domainName = z.string().regex(nameOfDomain, {
  error: ({ input }) =>
    `${quoted(input)} cannot be a domain's name: no slash, no control characters, at most 255`,
});

/** Of a snapshot or an image: each becomes part of a file's name. */
export const snapshotName = z.string().regex(nameOfSnapshot, {
  error: ({ input }) =>
    `${quoted(input)} cannot name a snapshot: no slash, no control characters, at most 247`,
});

/** Name or address of a host, as a certificate or a listening socket has it. */
export const hostAddress = z.string().regex(addressOfHost, {
  error: ({ input }) => `${quoted(input)} is neither a host name nor an address`,
});

/** `START:LIMIT:STEPS:S_PER_GIB`. */
export const downtimeRamp = z
  .string()
  .regex(/^[0-9]{1,7}(:[0-9]{1,7}){3}$/, {
    error: ({ input }) =>
      `${quoted(input)} is no ramp: give START:LIMIT:STEPS:S_PER_GIB, as 50:500:10:75`,
  })
  .transform((text) => {
    const [startMs = 0, limitMs = 0, steps = 0, stepSPerGib = 0] = text.split(':').map(Number);
    return { startMs, limitMs, steps, stepMsPerGib: stepSPerGib * 1_000 };
  })
  .refine(
    ({ startMs, limitMs }) => startMs >= 1 && limitMs >= startMs && limitMs <= downtimeMsMax,
    { error: `must begin with at least 1 ms and rise to at most ${downtimeMsMax} ms` },
  )
  .refine(({ steps }) => steps >= 1 && steps <= rampStepsMax, {
    error: `must have 1 to ${rampStepsMax} steps (for none there is --max-downtime)`,
  })
  .refine(({ stepMsPerGib }) => stepMsPerGib <= timeoutPerGibSMax * 1_000, {
    error: `must not wait longer than ${timeoutPerGibSMax} s a GiB for a step`,
  });

/** `after-pass[:N]`, `stall`, `budget`, `hand`. */
export const postcopyStart = z
  .string()
  .regex(/^(after-pass(:[1-9][0-9]{0,2})?|stall|budget|hand)$/, {
    error: ({ input }) =>
      `${quoted(input)} is not known; there is after-pass, after-pass:N (1 to 999), stall, budget, hand`,
  })
  .transform((text) => {
    if (text === 'stall' || text === 'budget' || text === 'hand') return { by: text } as const;
    return { by: 'pass', passes: Number(text.split(':')[1] ?? '1') } as const;
  });
