/**
 * What a run may leave behind. `device`: taken out of the guest, its alias stands for the path.
 * `freeze`: the guest's file systems are at rest, the domain's uuid stands for the path. `snapshot`:
 * metadata of libvirt, by name. `definition`: a domain's configuration that was taken away, by uuid.
 */
export type ArtefactKind =
  | 'volume'
  | 'claim'
  | 'delta'
  | 'overlay'
  | 'image'
  | 'memory'
  | 'snapshot'
  | 'device'
  | 'freeze'
  | 'definition'
  | 'blockJob';

/** Something that the run made or left, by the run's own record. */
export interface Artefact {
  readonly kind: ArtefactKind;
  /** Connection URI. */
  readonly host: string;
  /** Of a claim: the uuid of the domain that it stands on. */
  readonly path: string;
  /**
   * Of what the run makes, `expected`: from before the call that makes it. `made`: it stands, and is
   * wanted. `removed`: taken away again. `left`: could not be taken away. `kept`: it stays for an
   * operator, or was there before. `unwanted`: it goes when the guest is safe without it.
   */
  readonly status: 'expected' | 'made' | 'removed' | 'left' | 'kept' | 'unwanted';
}

const same = (one: Artefact, other: Omit<Artefact, 'status'>): boolean =>
  one.kind === other.kind && one.host === other.host && one.path === other.path;

/** On record, in place of what it said of the same thing before. */
export function withArtefact(artefacts: readonly Artefact[], artefact: Artefact): Artefact[] {
  const known = artefacts.some((each) => same(each, artefact));
  return known
    ? artefacts.map((each) => (same(each, artefact) ? artefact : each))
    : [...artefacts, artefact];
}

/** It is gone, or never was: nobody need know of it. */
export function withoutArtefact(
  artefacts: readonly Artefact[],
  gone: Omit<Artefact, 'status'>,
): Artefact[] {
  return artefacts.filter((each) => !same(each, gone));
}
