import type { Command } from 'commander';
import { homedir } from 'node:os';

import type { Config } from '../../config/index.ts';
import { ConfigError, findHost, isUri, readConfig } from '../../config/index.ts';
import type { HostPlace } from '../../requests/connection-uri.ts';
import { didYouMean } from '../../requests/nearest.ts';
import { UsageError } from './usage-error.ts';

/** Options whose value is a host: a connection URI, or a name of the configuration. */
const hostOptions = ['from', 'to', 'on', 'peer', 'dconnuri'] as const;
/** Of all but a migration `--to` is a place on the host. */
const isHostOption = (command: string, option: string): boolean =>
  hostOptions.some((one) => one === option) && (option !== 'to' || command === 'migrate');

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws UsageError */
export function configOf(named: string | undefined, environment: Environment): Config {
  const homeDirectory = homedir();
  const workingDirectory = process.cwd();
  try {
    return readConfig({ named, environment, homeDirectory, workingDirectory });
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/**
 * Puts what the configuration says in the place of what was not typed, and URIs in the place of names.
 *
 * @throws UsageError
 */
export function configure(command: Command, config: Config, environment: Environment): void {
  applyDefaults(command, config);
  const options: Record<string, unknown> = command.opts();
  if (
    config.store !== undefined &&
    options['store'] === undefined &&
    !environment['VIRTSTATE_STORE']
  )
    set(command, 'store', config.store);
  for (const option of hostOptions) {
    const value: unknown = command.opts()[option];
    if (typeof value !== 'string' || !isHostOption(command.name(), option)) continue;
    const { uri, peerUri } = placeOf(config, `--${option}`, value);
    set(command, option, option === 'dconnuri' ? (peerUri ?? uri) : uri);
    if (option === 'to' || option === 'peer') set(command, 'peerUri', peerUri);
  }
}

/** @param field how the value is called in the help */
export function toUri(config: Config, field: string, value: string): string {
  return placeOf(config, field, value).uri;
}

function placeOf(config: Config, field: string, value: string): HostPlace {
  // Without a configuration there are no names: whoever reads the URI says what is wrong with it.
  if (isUri(value) || config.path === null) return { uri: value, peerUri: null };
  const host = findHost(config, value);
  if (host.known) return host;
  throw new UsageError(`${field} ${host.reason}`);
}

function applyDefaults(command: Command, { defaults, path }: Config): void {
  const commands = command.parent?.commands.map((one) => one.name()) ?? [];
  const unknown = Object.keys(defaults.commands).find((name) => !commands.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `${path}: defaults.commands.${unknown} is no command${didYouMean(unknown, commands)}`,
    );
  const given = Object.entries(defaults.commands[command.name()] ?? {});
  const known = command.options.map((option) => option.long?.slice(2) ?? '');
  for (const [name, value] of given) {
    const option = command.options.find(({ long }) => long === `--${name}`);
    if (option === undefined)
      throw new UsageError(
        `${path}: defaults.commands.${command.name()}.${name} is no option${didYouMean(name, known)}`,
      );
    const attribute = option.attributeName();
    const source = command.getOptionValueSource(attribute);
    if (source !== undefined && source !== 'default') continue;
    set(command, attribute, typeof value === 'number' ? String(value) : value);
  }
}

function set(command: Command, attribute: string, value: unknown): void {
  command.setOptionValueWithSource(attribute, value, 'config');
}
