import { z } from 'zod';

import { liveMigrationInput } from '../../machines/index.ts';
import type { LiveMigrationInput } from '../../machines/index.ts';
import { patient } from '../../machines/policy/migration/convergence-presets.ts';
import { conflictOf } from '../../machines/policy/migration/option-conflicts.ts';
import {
  addressOfHost,
  bandwidthMibPerSMax,
  compressionMethods,
  downtimeMsMax,
  passesMax,
  rampStepsMax,
  timeoutPerGibSMax,
  timeoutSMax,
} from './bounds.ts';
import { destinationSeenFrom, disksUri, migrationUri, relayUri } from './connection-uri.ts';
import type { FindHost } from './fields.ts';
import { commonFields, fields, given, hostField, peerField, placeField } from './fields.ts';

const percent = z.int().min(1).max(99);
const mibPerS = z.int().min(0).max(bandwidthMibPerSMax);
const unlike = (message: string) => ({ error: () => message });

/** The parts of a URI that a reader of the error knows; never what was given. */
const streamUri = (schema: z.ZodType<string, string>, message: string) =>
  z
    .string()
    .max(4_096)
    .refine((text) => schema.safeParse(text).success, unlike(message));

const optionsWith = (find: FindHost) =>
  z.strictObject({
    tunnelled: z.boolean().optional(),
    relayUri: streamUri(relayUri, 'must be tcp://ADDRESS:PORT or unix:///PATH').nullish(),
    copyStorage: z.enum(['none', 'all', 'inc']).optional(),
    copyDisks: z.array(fields.disk).max(256).optional(),
    spaceWanted: z.enum(['virtualSize', 'allocation']).optional(),
    bandwidthMibPerS: mibPerS.optional(),
    autoConverge: z.boolean().optional(),
    autoConvergeInitial: percent.nullish(),
    autoConvergeIncrement: percent.nullish(),
    postcopy: z.boolean().optional(),
    postcopyBandwidthMibPerS: mibPerS.optional(),
    parallelConnections: z.int().min(1).max(255).optional(),
    zerocopy: z.boolean().optional(),
    tls: z.boolean().optional(),
    tlsDestination: z.string().regex(addressOfHost, 'must be a host name').nullish(),
    compression: z.array(z.enum(compressionMethods)).max(4).optional(),
    unsafe: z.boolean().optional(),
    persistence: z.enum(['asBefore', 'transient']).optional(),
    keepSource: z.boolean().optional(),
    sourceDisk: z.enum(['keep', 'delete']).optional(),
    destinationName: fields.domain.nullish(),
    destinationXml: fields.xml.nullish(),
    migrationUri: streamUri(migrationUri, 'must be tcp://, rdma:// or unix:///PATH').nullish(),
    listenAddress: z.string().regex(addressOfHost, 'must be an address').nullish(),
    disksUri: streamUri(disksUri, 'must be tcp://ADDRESS[:PORT] or unix:///PATH').nullish(),
    disksPort: z.int().min(1).max(65_535).nullish(),
    destinationConnectUri: peerField(find)
      .nullish()
      .describe('How the source daemon reaches the destination, where it drives.'),
  });

const actions = ['none', 'abort', 'forceComplete', 'postcopy'] as const;

const convergence = z
  .strictObject({
    downtime: z
      .strictObject({
        startMs: z.int().min(1).max(downtimeMsMax),
        limitMs: z.int().min(1).max(downtimeMsMax),
        steps: z.int().min(0).max(rampStepsMax),
        stepMsPerGib: z
          .int()
          .min(0)
          .max(timeoutPerGibSMax * 1_000),
      })
      .refine(({ startMs, limitMs }) => startMs <= limitMs, 'startMs must not be above limitMs')
      .nullable()
      .default(patient.downtime),
    budget: z
      .strictObject({
        baseMs: z
          .int()
          .min(0)
          .max(timeoutSMax * 1_000),
        msPerGib: z
          .int()
          .min(0)
          .max(timeoutPerGibSMax * 1_000),
      })
      .refine(({ baseMs, msPerGib }) => baseMs + msPerGib > 0, 'must not be 0: null is no budget')
      .nullable()
      .default(patient.budget),
    onBudget: z.enum(actions).default(patient.onBudget),
    stallPasses: z.int().min(1).max(passesMax).nullable().default(patient.stallPasses),
    onStall: z.enum([...actions, 'raiseDowntime']).default(patient.onStall),
    postcopyAfterPasses: z
      .int()
      .min(1)
      .max(passesMax)
      .nullable()
      .default(patient.postcopyAfterPasses),
  })
  .optional();

/** What a request may ask of the chart `live-migration`, as its input. */
export function liveMigrationRequest(find: FindHost) {
  return z
    .strictObject({
      domain: fields.domain,
      source: hostField(find),
      destination: placeField(find),
      protocol: z.enum(['peer2peer', 'direct']).optional(),
      offline: z.boolean().optional(),
      options: optionsWith(find).default({}),
      convergence,
      postcopyWaitMs: fields.waitMs.optional(),
      onSplitBrain: z.enum(['suspendSource', 'report']).optional(),
      ...commonFields,
    })
    .transform((asked, context): LiveMigrationInput => {
      const driven = asked.protocol !== 'direct' && asked.offline !== true;
      const { destination, options, ...own } = asked;
      const { destinationConnectUri: named = null, ...rest } = options;
      const seen = named ?? (driven ? destinationSeenFrom(destination) : null);
      const unfit = connectUriFault({ driven, named, seen });
      if (unfit !== null) {
        const path = ['options', 'destinationConnectUri'];
        context.addIssue({ code: 'custom', path, message: unfit });
        return z.NEVER;
      }
      const input = liveMigrationInput({
        ...given(own),
        destination: destination.uri,
        options: { ...given(rest), destinationConnectUri: seen },
      });
      const conflict = conflictOf(input);
      if (conflict !== null)
        context.addIssue({ code: 'custom', path: ['options'], message: conflict });
      return input;
    });
}

/** Only a source daemon that drives has to reach the destination's. */
function connectUriFault(asked: {
  readonly driven: boolean;
  readonly named: string | null;
  readonly seen: string | null;
}): string | null {
  const { driven, named, seen } = asked;
  if (driven && seen === null)
    return 'is needed: the source daemon cannot reach the destination by its URI';
  if (!driven && named !== null)
    return 'must be left out: with direct and offline this service reaches both hosts';
  return null;
}
