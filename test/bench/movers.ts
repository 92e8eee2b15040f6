import { z } from 'zod';
import type { Lab } from '../../lab/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import {
  toDrivenArguments,
  toPeer2peerRequest,
} from '../../src/adapters/libvirt/migration-flags.ts';
import { bindMigrations } from '../../src/index.ts';
import { optionsOf } from './migration-variants.ts';
import type { MigrationVariant } from './migration-variants.ts';
import { PythonPeer } from './python-peer.ts';
import { warmEngine } from './warm-engine.ts';

/** A running domain that is moved again and again. */
export interface Moved {
  readonly name: string;
  readonly uuid: string;
}

export interface Way {
  readonly from: string;
  readonly to: string;
}

/** Who moves domains on warm connections, and how long it takes. */
export interface Mover extends AsyncDisposable {
  move(domain: Moved, way: Way): Promise<number>;
}

const peerAnswer = z.object({ elapsedS: z.number().positive() });

/** Our engine: milliseconds from the call to the verified end. */
export function ourEngine(variant: MigrationVariant, lab: Lab): Mover {
  const engine = warmEngine(bindMigrations);
  return {
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    move: async ({ name }, { from, to }) => {
      const input = liveMigrationInput({
        domain: name,
        source: lab.host(from).uri,
        destination: lab.host(to).uri,
        protocol: variant.protocol,
        options: optionsOf(variant, lab.host(to).tcp),
      });
      return (await engine.complete('liveMigration', input)).elapsedMs;
    },
  };
}

/** The C library, called as its users call it, with the flags that our adapter sends. */
export function libraryOf(variant: MigrationVariant, lab: Lab): Mover {
  const uris = lab.hosts.map(({ uri }) => uri);
  const python = new PythonPeer('libvirt_migrate.py', uris);
  return {
    [Symbol.asyncDispose]: () => python[Symbol.asyncDispose](),
    move: async ({ name, uuid }, { from, to }) => {
      const options = optionsOf(variant, lab.host(to).tcp);
      const request = {
        domain: name,
        from: lab.host(from).uri,
        to: lab.host(to).uri,
        dconnuri: options.destinationConnectUri,
        flags: flagsOf(variant, uuid, options),
      };
      return (await python.ask(request, peerAnswer)).elapsedS * 1000;
    },
  };
}

/** The library takes the flags of all phases at once, and tells each phase its own. */
export function flagsOf(
  { protocol }: MigrationVariant,
  domainUuid: string,
  options: ReturnType<typeof optionsOf>,
): number {
  const plain = { purpose: 'move', persistent: true, copyDisks: [] } as const;
  const call = { ...plain, domainUuid, options };
  return protocol === 'direct'
    ? toDrivenArguments(call).confirmFlags
    : toPeer2peerRequest(call).flags;
}
