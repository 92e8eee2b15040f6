import { FailureError } from '../../ports/failure.ts';
import type { Host, World } from './world.ts';

/** The hosts of a world stay the same ones: each URI is parsed once. */
const hostsByUri = new WeakMap<World, Map<string, Host | null>>();

/** `simulated:///NAME`, or a host's advertised name in the place of a network name. */
export function hostOfUri(world: World, uri: string): Host | null {
  const known = hostsByUri.get(world) ?? new Map<string, Host | null>();
  hostsByUri.set(world, known);
  const host = known.get(uri) ?? lookUp(world, uri);
  known.set(uri, host);
  return host;
}

function lookUp(world: World, uri: string): Host | null {
  const url = URL.parse(uri);
  if (url?.protocol !== 'simulated:')
    throw new FailureError({
      code: 'invalidUri',
      message: `${uri} is not a connection URI of a simulated host: simulated:///NAME`,
      effect: 'none',
    });
  if (url.hostname === '')
    return world.hosts.get(decodeURIComponent(url.pathname.slice(1))) ?? null;
  return [...world.hosts.values()].find(({ name }) => name === url.hostname) ?? null;
}
