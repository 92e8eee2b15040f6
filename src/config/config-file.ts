import { z } from 'zod';

import { addressOfHost } from '../requests/bounds.ts';
import { connectionUri } from '../requests/connection-uri.ts';

/** A secret by where it is kept, never itself. */
export const secretReference = z
  .union([
    z.strictObject({
      file: z.string().min(1).max(4_096).describe('Path of a file that holds nothing else.'),
    }),
    z.strictObject({
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must name an environment variable')
        .describe('Name of an environment variable.'),
    }),
  ])
  .describe('Where a secret is kept; the secret itself has no place in this file.');
export type SecretReference = z.infer<typeof secretReference>;

/** Names of hosts and tokens: what a person types, and never mistaken for a URI. */
const plainName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be a name: letters, digits, dot, dash');

const host = z.strictObject({
  uri: connectionUri.describe('How this process reaches the daemon.'),
  peerUri: connectionUri
    .optional()
    .describe('How the daemons of other hosts reach it, where that is another way.'),
  credentials: z
    .strictObject({ username: z.string().min(1).max(255), password: secretReference })
    .optional()
    .describe('For a daemon that asks for a name and a password (SASL).'),
});

const optionValue = z.union([z.string(), z.number(), z.boolean()]);

const defaults = z.strictObject({
  commands: z
    .record(z.string(), z.record(z.string(), optionValue))
    .default({})
    .describe('By command, then by long option: what stands for an option that is not typed.'),
  workflows: z
    .record(z.string(), z.record(z.string(), z.json()))
    .default({})
    .describe('By workflow: what stands for a field that a request leaves out.'),
});

const token = z.strictObject({
  name: plainName.describe('Who has it, for the log.'),
  role: z.enum(['read', 'operate']).describe('read: look; operate: start, send, check, too.'),
  secret: secretReference,
});

export const serveDefaults = {
  host: '127.0.0.1',
  port: 7480,
  tokens: [],
  requestsPerMinute: 30_000,
  bodyBytes: 2 ** 20,
};

const serve = z.strictObject({
  host: z.string().regex(addressOfHost, 'must be an address').default(serveDefaults.host),
  port: z.int().min(0).max(65_535).default(serveDefaults.port),
  tls: z
    .strictObject({ certificate: z.string().min(1), key: z.string().min(1) })
    .optional()
    .describe('Paths of PEM files.'),
  tokens: z.array(token).max(1_000).default(serveDefaults.tokens),
  requestsPerMinute: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(serveDefaults.requestsPerMinute)
    .describe('From one address.'),
  bodyBytes: z
    .int()
    .min(1_024)
    .max(16 * 2 ** 20)
    .default(serveDefaults.bodyBytes),
});

/** `virtstate.config.json`. Relative paths are seen from its own directory. */
export const configFile = z
  .strictObject({
    $schema: z.string().optional(),
    store: z.string().min(1).optional().describe('Path of the file with all runs.'),
    hosts: z
      .record(plainName, host)
      .default({})
      .describe('By a name that may stand wherever a connection URI does.'),
    limits: z
      .strictObject({
        perHost: z.int().min(1).max(1_000).optional().describe('Runs at once on one daemon.'),
        total: z.int().min(1).max(1_000_000).nullable().optional(),
      })
      .default({}),
    defaults: defaults.default({ commands: {}, workflows: {} }),
    serve: serve.default(serveDefaults),
  })
  .meta({ title: 'virtstate.config.json' });

export type ConfigFile = z.infer<typeof configFile>;
export type HostConfig = z.infer<typeof host>;
export type ServeConfig = z.infer<typeof serve>;

/** The JSON Schema that is published with the package. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configFile, { io: 'input' });
}
