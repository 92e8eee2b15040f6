import type {
  CallFault,
  Fault,
  HypervisorCall,
  Incident,
  LinkCall,
  MigrationPhase,
} from '../../adapters/simulated/index.ts';
import type { SimulationPlan } from './plan.ts';
import type { Random } from './random.ts';

/** Where a workflow can be struck. */
export interface Targets {
  /** Calls that it makes, the ones that change something. */
  readonly calls: readonly (HypervisorCall | LinkCall)[];
  /** Phases of libvirt that it goes through. */
  readonly phases: readonly MigrationPhase[];
  /** States of its charts. */
  readonly states: readonly { readonly machine: string; readonly state: string }[];
  /** About as long as it takes. */
  readonly lastsMs: number;
}

const callFaults: readonly (CallFault | 'slow')[] = [
  'refuse',
  'failBeforeEffect',
  'failAfterEffect',
  'loseRequest',
  'loseReply',
  'hang',
  'slow',
];

/** What comes alone, and what is mended by another fault some time later. */
const incidents: readonly (readonly [Incident, Incident | null])[] = [
  ['cutLink', 'restoreLink'],
  ['cutReplies', 'restoreLink'],
  ['cutClientFromSource', 'restoreLink'],
  ['cutClientFromDestination', 'restoreLink'],
  ['refuseStreams', 'restoreLink'],
  ['breakStream', null],
  ['resetClient', null],
  ['resetClientToSource', null],
  ['resetClientToDestination', null],
  ['exhaustPorts', null],
  ['killSourceDaemon', 'startDaemons'],
  ['killDestinationDaemon', 'startDaemons'],
  ['killSourceHost', 'startHosts'],
  ['killDestinationHost', 'startHosts'],
  ['powerOffGuest', null],
  ['crashGuest', null],
  ['fillSourceDisks', 'freeDisks'],
  ['fillDestinationDisks', 'freeDisks'],
];

/** They last as long as their work: where a daemon or a tool hangs in one, somebody has to end that. */
const endless: ReadonlySet<string> = new Set([
  'migrate',
  'managedSave',
  'saveTo',
  'restoreFrom',
  'start',
  'createSnapshot',
  'revertToSnapshot',
  'deleteSnapshot',
  'convertImage',
  'commitImage',
  'rebaseImage',
  'checksumFile',
  'link.perform',
  'link.finish',
]);

const refusable = ['begin3', 'prepare', 'perform3', 'finish3'] as const;

type Place = Extract<Fault, { readonly do: Incident | 'killProcess' | object }>['at'];

/** A few faults, each aimed at a call, a state or a time of one of the workflows. */
export function randomFaults(
  random: Random,
  { domains, hosts }: Pick<SimulationPlan, 'domains' | 'hosts'>,
  targets: ReadonlyMap<string, Targets>,
): Fault[] {
  const names = domains.map(({ name }) => name).filter((name) => targets.has(name));
  if (names.length === 0) return [];
  return Array.from({ length: random.between(1, 3) }).flatMap(() => {
    const domain = random.pick(names);
    const found = targets.get(domain);
    return found === undefined ? [] : oneFault(random, domain, hosts, found);
  });
}

function oneFault(
  random: Random,
  domain: string,
  hosts: SimulationPlan['hosts'],
  targets: Targets,
): Fault[] {
  const lot = random.next();
  if (lot < 0.45) return [atCall(random, hosts, targets)];
  if (lot < 0.5 && targets.phases.length > 0)
    return [{ at: { phase: random.pick(refusable), domain }, do: 'refuse' }];
  const at = place(random, domain, targets);
  if (lot < 0.6) return [{ at, do: 'killProcess' }];
  if (lot < 0.63)
    return [{ at, do: { jumpClockMs: random.pick([-3_600_000, -5_000, 5_000, 3_600_000]) } }];
  const [strikes, mends] = random.pick(incidents);
  const first: Fault = { at, do: strikes };
  if (mends === null || random.chance(0.2)) return [first];
  return [first, { at: later(at, random.pick([500, 3_000, 10_000, 45_000, 200_000])), do: mends }];
}

function atCall(random: Random, hosts: SimulationPlan['hosts'], { calls }: Targets): Fault {
  const call = random.pick(calls);
  const what = callFault(random, random.pick(callFaults), endless.has(call));
  const host = random.chance(0.3) ? { host: random.pick(hosts).name } : {};
  const nth = random.chance(0.3) ? { nth: random.between(2, 3) } : {};
  return { at: { call, ...host, ...nth }, do: what };
}

function callFault(random: Random, drawn: CallFault | 'slow', isEndless: boolean): CallFault {
  if (drawn === 'slow') return { slowMs: random.pick([200, 5_000, 20_000]) };
  if (drawn !== 'hang' || !isEndless) return drawn;
  return { hangsForMs: random.pick([20_000, 100_000, 400_000]) };
}

function place(random: Random, domain: string, targets: Targets): Place {
  const { lastsMs, phases, states } = targets;
  const afterMs = random.chance(0.5) ? {} : { afterMs: random.between(1, 500) };
  const lot = random.next();
  if (lot < 0.4 && phases.length > 0) return { phase: random.pick(phases), domain, ...afterMs };
  if (lot < 0.65 && states.length > 0) return { ...random.pick(states), domain, ...afterMs };
  return { timeMs: random.between(0, lastsMs), domain };
}

function later(at: Place, byMs: number): Place {
  if ('timeMs' in at) return { ...at, timeMs: at.timeMs + byMs };
  return { ...at, afterMs: (at.afterMs ?? 0) + byMs };
}
