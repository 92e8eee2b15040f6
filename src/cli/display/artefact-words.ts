import type { ArtefactRecord } from '../../ports/run-store.ts';
import { hideSealed } from '../records/sealed.ts';
import { oneLine } from './quantities.ts';

interface Named {
  readonly input: string;
  readonly words: string;
  readonly uri: string;
}

const wordsOfMade: Readonly<Record<string, string>> = {
  expected: 'may have been made',
  made: 'made by this run, in use',
  removed: 'nothing of it is left',
  left: 'made by this run, could not be removed: delete it',
  kept: 'kept, not used any more',
  unwanted: 'kept for now: it was to be deleted once the guest was safe elsewhere',
};

/** The source's own disk was not made by the run. */
const wordsOfSourceDisk: Readonly<Record<string, string>> = {
  removed: 'deleted, as --source-disk asked',
  left: 'not used any more, could not be deleted: delete it',
};

/** Of what stays where it is only a swap leaves volumes: its own, and those that the guest has left. */
const wordsOfSwapped: Readonly<Record<string, string>> = {
  left: 'not used by the guest, could not be removed',
  unwanted: 'not used by the guest, to be removed',
};

const wordsOfClaim: Readonly<Record<string, string>> = {
  expected: 'may stand there, where the domain does',
  made: 'stands there, and keeps other runs away',
  removed: 'nothing of it is left',
  left: 'could not be taken away: see docs/claims.md',
  kept: 'keeps other runs away until an operator has looked',
};

const wordsOfDevice: Readonly<Record<string, string>> = {
  expected: 'was asked to be taken out of the guest',
  made: 'is out of the guest for now',
  left: 'could not be put back: attach it again',
  kept: 'is out of the guest until an operator has looked',
};

const wordsOfFreeze: Readonly<Record<string, string>> = {
  expected: 'may be frozen',
  made: 'are frozen',
  left: 'may still be frozen: virsh domfsthaw thaws them',
  kept: 'may still be frozen: virsh domfsthaw thaws them',
};

/** Whole, and for whoever asked: nothing uses it yet. */
const wordsOfImage = { ...wordsOfMade, made: 'made by this run', kept: 'kept' };
const wordsOfSnapshot = { ...wordsOfImage, made: 'made by this run, known to libvirt' };

/** What a kind is called, and where its words differ from those of a file. */
const kinds: Readonly<
  Record<string, { readonly label: string; readonly words?: Readonly<Record<string, string>> }>
> = {
  volume: { label: 'disk' },
  delta: { label: 'delta' },
  overlay: { label: 'overlay' },
  image: { label: 'image', words: wordsOfImage },
  memory: { label: 'memory', words: wordsOfImage },
  snapshot: { label: 'snapshot', words: wordsOfSnapshot },
  blockJob: { label: 'block job' },
  definition: { label: 'definition' },
  device: { label: 'device', words: wordsOfDevice },
};

const line = (label: string, text: string): string => `${label.padEnd(13)}${text}`;

/** Where the words differ by the host that a disk is on. */
function wordsBy(kind: string, place: Named | undefined): Readonly<Record<string, string>> {
  if (place?.input === 'source') return wordsOfSourceDisk;
  return kind === 'volume' && place?.input === 'host' ? wordsOfSwapped : {};
}

/** What became of something that a run made; `places`: the hosts that need no name. */
export function describeArtefact(
  { kind, host, path, status }: ArtefactRecord,
  places: readonly Named[],
): string {
  const place = places.find(({ uri }) => uri === host);
  const where = place?.words ?? oneLine(hideSealed(host));
  if (kind === 'claim')
    return line('claim', `on the domain, ${where}: ${wordsOfClaim[status] ?? oneLine(status)}`);
  if (kind === 'freeze')
    return line('freeze', `its file systems ${wordsOfFreeze[status] ?? oneLine(status)}`);
  const isManaged = kind === 'memory' && !path.startsWith('/');
  const { label, words = wordsOfMade } = kinds[kind] ?? { label: oneLine(kind) };
  const said = wordsBy(kind, place)[status] ?? words[status];
  const what = isManaged ? "libvirt's managed save image" : oneLine(path);
  return line(label, `${what} on ${where}: ${said ?? oneLine(status)}`);
}

/** A claim that is gone is nobody's concern. */
export function artefactLines(
  artefacts: readonly ArtefactRecord[],
  places: readonly Named[],
): string[] {
  return artefacts
    .filter(({ kind, status }) => kind !== 'claim' || status !== 'removed')
    .map((artefact) => `  ${describeArtefact(artefact, places)}`);
}
