import { z } from 'zod';
import type { Lab } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { toMigrationArguments } from '../../src/adapters/libvirt/migration-flags.ts';
import { bindMigrations, Engine, noLog, systemClock } from '../../src/index.ts';
import type { MigrationOptions } from '../../src/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import { plainOptions } from '../support/migration-options.ts';
import type { Bench, BenchTools } from './bench.ts';
import { PythonPeer } from './python-peer.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';
import type { Pair } from './statistics.ts';

const bench = 'p2p-migration';
const domain = 'bench-p2p';
/** What our looking before and after may cost; the goal is about the rest. */
const allowanceMs = 20;
const pairCount = 30;
const peerAnswer = z.object({ elapsedS: z.number().positive() });

interface Way {
  readonly from: string;
  readonly to: string;
}

const there: Way = { from: 'hostA', to: 'hostB' };
const back: Way = { from: 'hostB', to: 'hostA' };

function optionsTo(lab: Lab, host: string): MigrationOptions {
  return { ...plainOptions, destinationConnectUri: lab.host(host).tcp };
}

/** Our engine on warm connections: from the call to the verified end. */
function ourMigration(lab: Lab) {
  const hypervisors = createLibvirtHypervisors({ clock: systemClock });
  let runs = 0;
  const engine = new Engine({
    store: new MemoryStore(),
    clock: systemClock,
    log: noLog,
    machines: bindMigrations(hypervisors),
    newRunId: () => `run-${(runs += 1)}`,
  });
  return {
    close: () => hypervisors.close(),
    migrateMs: async ({ from, to }: Way): Promise<number> => {
      const begunMs = performance.now();
      const run = engine.start(
        'liveMigration',
        liveMigrationInput({
          domain,
          source: lab.host(from).uri,
          destination: lab.host(to).uri,
          options: optionsTo(lab, to),
        }),
      );
      const ending = await run.wait();
      const elapsedMs = performance.now() - begunMs;
      const outcome = z.object({ output: z.object({ outcome: z.literal('completed') }) });
      if (!outcome.safeParse(ending).success) throw new Error(JSON.stringify(ending));
      return elapsedMs;
    },
  };
}

/** The C library, called as its users call it, with the flags that our adapter sends. */
function peerMigration(lab: Lab, domainUuid: string) {
  const uris = lab.hosts.map(({ uri }) => uri);
  const python = new PythonPeer('libvirt_migrate.py', uris);
  return {
    close: () => python[Symbol.asyncDispose](),
    migrateMs: async ({ from, to }: Way): Promise<number> => {
      const options = optionsTo(lab, to);
      const call = {
        domainUuid,
        purpose: 'move',
        persistent: true,
        copyDisks: [],
        options,
      } as const;
      const { flags } = toMigrationArguments(call);
      const dconnuri = options.destinationConnectUri;
      const request = { domain, from: lab.host(from).uri, dconnuri, flags };
      return (await python.ask(request, peerAnswer)).elapsedS * 1000;
    },
  };
}

/** The guest goes there and back: who goes there first changes with every pair. */
async function measure({ lab }: BenchTools): Promise<BenchRow[]> {
  const hosts = await lab();
  const { uuid } = await hosts.bareDomain(domain, { on: there.from });
  const ours = ourMigration(hosts);
  const peer = peerMigration(hosts, uuid);
  const pairs: Pair[] = [];
  try {
    await ours.migrateMs(there);
    await peer.migrateMs(back);
    for (let index = 0; index < pairCount; index += 1) {
      const isOursFirst = index % 2 === 0;
      const first = await (isOursFirst ? ours : peer).migrateMs(there);
      const second = await (isOursFirst ? peer : ours).migrateMs(back);
      const [oursMs, peerMs] = isOursFirst ? [first, second] : [second, first];
      pairs.push({ ours: oursMs - allowanceMs, peer: peerMs });
    }
  } finally {
    await Promise.all([ours.close(), peer.close()]);
  }
  const metric = `call to verified, less ${allowanceMs} ms`;
  const peerName = 'python3-libvirt migrateToURI3';
  return [compare({ bench, metric, unit: 'ms', peerName, goal: '<= 1.02' }, pairs)];
}

/** A peer-to-peer migration of a small guest without disks. */
export const p2pMigration: Bench = { name: bench, run: measure };
