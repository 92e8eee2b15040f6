import type { DomainObservation } from '../../src/ports/observation.ts';
import type { PlayWorld } from './play-world.ts';
import { withoutRepeats } from './record.ts';
import type { HostName } from './script.ts';

export interface Onlookers {
  /** Nothing is heard any more. @returns what each host told */
  end(): Promise<Record<string, string[]>>;
}

/**
 * Watches of their own, beside those of the run: what is heard does not depend on when a chart begins to
 * listen. What a watch has from asking is left out: it depends on when it asks.
 */
export async function lookOn(
  world: PlayWorld,
  roles: Readonly<Partial<Record<HostName, 'alone' | 'source' | 'destination'>>>,
): Promise<Onlookers> {
  const ending = new AbortController();
  const watches: Promise<void>[] = [];
  const heard = new Map<string, string[]>();
  for (const name of ['hostA', 'hostB'] as const) {
    const role = roles[name];
    if (role === undefined) continue;
    const words: string[] = [];
    heard.set(name, words);
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const observe = (observation: DomainObservation): void => {
      resolve();
      const word = wordOf(observation);
      if (word !== null) words.push(word);
    };
    const host = await world.looking.open(world.uri(name), AbortSignal.timeout(20_000));
    const { uuid } = world.guest;
    const request = { uuid, role, resumed: true, observe, progress: () => undefined };
    watches.push(host.watchDomain(request, ending.signal));
    await begun;
    words.length = 0;
  }
  return {
    end: async () => {
      ending.abort();
      await Promise.allSettled(watches);
      return Object.fromEntries([...heard].map(([name, words]) => [name, normalEvents(words)]));
    },
  };
}

/** What two plays on the same hosts have in common. */
export function normalEvents(words: readonly string[]): string[] {
  const told = withoutTheRace(withoutFirstWords(withoutPasses(words)));
  return inOrderOfDisks(withoutRepeats(withoutLastWords(told)));
}

/** How often QEMU goes through the memory depends on what the guest writes: told once. */
function withoutPasses(words: readonly string[]): string[] {
  const first = words.indexOf('iteration');
  return words.filter((word, index) => word !== 'iteration' || index === first);
}

/**
 * What a daemon decides as it starts it tells to whoever is there already: of real ones, sometimes we
 * are. What it has decided stands in the final world.
 */
function withoutFirstWords(words: readonly string[]): string[] {
  const isFirst = (index: number): boolean => words[index - 1] === 'connectionRegained';
  return words.filter((word, index) => word !== 'resumed unpaused' || !isFirst(index));
}

const lastWords = /^migration failed$|^agent disconnected$/;

/** What a QEMU says of its migration, or its agent, as it ends: sometimes it is gone before that is heard. */
function withoutLastWords(words: readonly string[]): string[] {
  const isLast = (index: number): boolean => words[index + 1]?.startsWith('stopped ') === true;
  return words.filter((word, index) => !lastWords.test(word) || !isLast(index));
}

/**
 * A QEMU that is told to cancel closes its stream before it says `cancelling`: where the thread that
 * sends is faster to notice, the same end is called `failed`. (`migrate_fd_cancel` in migration.c)
 */
function withoutTheRace(words: readonly string[]): string[] {
  return words
    .filter((word) => word !== 'migration cancelling')
    .map((word) => (word === 'migration cancelled' ? 'migration failed' : word));
}

/** Which of two disks is copied first is a race: words that follow each other are told disk by disk. */
function inOrderOfDisks(words: readonly string[]): string[] {
  const ordered: string[] = [];
  for (const word of words) {
    const kind = kindOf(word);
    const isAfter = (before: string): boolean =>
      kind === null || kindOf(before) !== kind || before <= word;
    ordered.splice(ordered.findLastIndex(isAfter) + 1, 0, word);
  }
  return ordered;
}

/** What a word of one disk has in common with that of another. */
function kindOf(word: string): string | null {
  return / of vd[ab] /.test(word) ? word.replace(/ of vd[ab] /, ' ') : null;
}

/** `null`: it was read, not told. */
function wordOf(observation: DomainObservation): string | null {
  switch (observation.kind) {
    case 'state':
    case 'migrationJob':
      return null;
    case 'started':
    case 'resumed':
    case 'suspended':
    case 'stopped':
      return `${observation.kind} ${observation.detail}`;
    case 'migrationStatus':
      return `migration ${observation.status}`;
    case 'blockJob':
      // One that stands when a watch begins was read.
      if (observation.status === 'running') return null;
      return `${observation.job} of ${observation.targetDev} ${observation.status}`;
    case 'mirrorReady':
      return `mirror of ${observation.targetDev} ready`;
    case 'deviceRemoved':
    case 'deviceRemovalFailed':
      return `${observation.kind} ${observation.alias}`;
    case 'agent':
      return `agent ${observation.state}`;
    default:
      return observation.kind;
  }
}
