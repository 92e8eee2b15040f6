import type { SavedDisk } from '../../ports/saving.ts';
import type { GuestMemory } from './qemu.ts';
import type { VolumeFile } from './volume-file.ts';
import { emptyFile, rewritten } from './volume-file.ts';
import type { Definition, Domain } from './world.ts';

/** What a save writes beside the memory, and the memory. */
export interface SavedState {
  readonly uuid: string;
  readonly name: string;
  readonly definition: Definition;
  readonly memory: GuestMemory;
  /** Its vCPUs are to run when it goes on. */
  readonly runs: boolean;
  readonly noted: readonly SavedDisk[] | null;
}

/** The bytes stand for it: whoever writes others to the file has no saved guest any more. */
const states = new WeakMap<VolumeFile['content'], SavedState>();

/** So much is written before the memory follows; until then nobody can go on from it. */
export function begunFile(): VolumeFile {
  return emptyFile(2 ** 20);
}

export function savedFile(state: SavedState): VolumeFile {
  const file = emptyFile(state.definition.memoryBytes);
  const saved = rewritten(file, [...file.content]);
  states.set(saved.content, state);
  return saved;
}

/** `null`: another file, or one that was not written to its end. */
export function savedIn({ content }: VolumeFile): SavedState | null {
  return states.get(content) ?? null;
}

/** Where libvirt keeps a managed save image. */
export function managedPath({ name }: Pick<Domain, 'name'>): string {
  return `/var/lib/libvirt/qemu/save/${name}.save`;
}
