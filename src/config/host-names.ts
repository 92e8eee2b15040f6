import type { Config } from './read-config.ts';
import type { HostPlace } from '../requests/connection-uri.ts';
import { didYouMean } from '../requests/nearest.ts';

/** Where a name of the configuration leads. */
export type NamedHost =
  ({ readonly known: true } & HostPlace) | { readonly known: false; readonly reason: string };

export const isUri = (text: string): boolean => text.includes('://');

/** The host of a name. */
export function findHost({ hosts, path }: Pick<Config, 'hosts' | 'path'>, name: string): NamedHost {
  if (Object.hasOwn(hosts, name)) {
    const host = hosts[name];
    if (host !== undefined) return { known: true, uri: host.uri, peerUri: host.peerUri ?? null };
  }
  const names = Object.keys(hosts);
  const shown = JSON.stringify(name.slice(0, 64));
  const where = path ?? 'the configuration (there is none)';
  const list = names.length === 0 ? '' : `, where there is ${names.join(', ')}`;
  const reason = `${shown} is neither a connection URI nor a host of ${where}${list}${didYouMean(name, names)}`;
  return { known: false, reason };
}
