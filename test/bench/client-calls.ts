import { open } from 'node-libvirt';
import { z } from 'zod';
import { alternate } from './bench.ts';
import type { BenchTools } from './bench.ts';
import { PythonPeer } from './python-peer.ts';
import { compare } from './row.ts';
import type { BenchRow } from './row.ts';

const peerAnswer = z.object({ elapsedS: z.number().positive(), cpuS: z.number().positive() });
type Cost = z.infer<typeof peerAnswer>;

/** How `DomainGetState` is called again and again. */
export interface CallPattern {
  readonly bench: string;
  /** Calls of one measurement. */
  readonly calls: number;
  readonly inFlight: number;
  readonly rateGoal: string;
  readonly cpuGoal: string;
}

/** Wall and processor time of `inFlight` callers that share `calls` calls. */
async function cost(call: () => Promise<unknown>, pattern: CallPattern): Promise<Cost> {
  const callsEach = pattern.calls / pattern.inFlight;
  const begunMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const caller = async (): Promise<void> => {
    for (let index = 0; index < callsEach; index += 1) await call();
  };
  await Promise.all(Array.from({ length: pattern.inFlight }, caller));
  const { user, system } = process.cpuUsage(cpuBefore);
  return { elapsedS: (performance.now() - begunMs) / 1000, cpuS: (user + system) / 1e6 };
}

/** Our client beside the C library, on the same domain of the same daemon, one connection each. */
export async function compareCalls(pattern: CallPattern, tools: BenchTools): Promise<BenchRow[]> {
  const lab = await tools.lab();
  const { uri } = lab.host('hostA');
  const name = `bench-${pattern.bench}`;
  await lab.bareDomain(name, { on: 'hostA' });
  await using connection = await open(uri);
  await using python = new PythonPeer('libvirt_calls.py', [uri, name]);
  const domain = await connection.domainLookupByName(name);
  const request = { calls: pattern.calls, threads: pattern.inFlight };
  const pairs = await alternate(
    { count: tools.pairs(30), warmUp: 3 },
    () => cost(() => domain.getState(), pattern),
    () => python.ask(request, peerAnswer),
  );
  await domain.destroy();

  const rate = ({ elapsedS }: Cost): number => pattern.calls / elapsedS;
  const cpuUs = ({ cpuS }: Cost): number => (cpuS * 1e6) / pattern.calls;
  const both = (figure: (cost: Cost) => number) =>
    pairs.map(({ ours, peer }) => ({ ours: figure(ours), peer: figure(peer) }));
  const { bench } = pattern;
  const peerName = pattern.inFlight === 1 ? 'python3-libvirt' : 'python3-libvirt, threads';
  return [
    compare(
      { bench, metric: 'rate', unit: 'calls/s', peerName, goal: pattern.rateGoal },
      both(rate),
    ),
    compare(
      { bench, metric: 'client CPU', unit: 'us/call', peerName, goal: pattern.cpuGoal },
      both(cpuUs),
    ),
  ];
}
