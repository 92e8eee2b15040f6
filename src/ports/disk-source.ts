/** One `<host>` of a network source. */
export type NetworkHost =
  | { readonly transport: 'tcp'; readonly name: string; readonly port: number | null }
  | { readonly transport: 'unix'; readonly socket: string };

/** `<auth>` of an RBD source: the key itself is kept by the host's libvirt. */
export interface SecretReference {
  readonly user: string;
  readonly secretUuid: string;
}

/**
 * Where the bytes of a disk's layer are kept, as `<source>` of a definition tells it
 * (https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms).
 */
export type DiskSource =
  | { readonly kind: 'file' | 'block'; readonly path: string }
  | { readonly kind: 'nbd'; readonly host: NetworkHost; readonly exportName: string }
  | {
      readonly kind: 'rbd';
      /** `pool/image`. */
      readonly image: string;
      /** None: those of the host's own ceph.conf. */
      readonly monitors: readonly NetworkHost[];
      readonly auth: SecretReference | null;
      /** Path of a ceph.conf on the host. */
      readonly configPath: string | null;
    };

/** A source with its format: nothing is ever probed, since a guest may have written what is found. */
export interface DiskImage {
  readonly source: DiskSource;
  readonly format: string;
}

/**
 * One name for one place, by which two sources are told apart:
 * a path, `nbd://HOST:PORT/EXPORT`, `nbd+unix:///EXPORT?socket=PATH`, or `rbd:POOL/IMAGE`.
 */
export function placeOf(source: DiskSource): string {
  switch (source.kind) {
    case 'file':
    case 'block':
      return source.path;
    case 'nbd':
      return nbdPlace(source.host, source.exportName);
    case 'rbd':
      return `rbd:${source.image}`;
  }
}

/** What qemu-img takes for its file name: to a cluster it has to say who it is. */
export function toolPlaceOf(source: DiskSource): string {
  if (source.kind !== 'rbd') return placeOf(source);
  const { auth, configPath, image } = source;
  const words = [
    // What would begin an option within the name.
    image.replaceAll(/[\\:@=]/g, '\\$&'),
    ...(auth === null ? [] : [`id=${auth.user}`]),
    ...(configPath === null ? [] : [`conf=${configPath}`]),
  ];
  return `rbd:${words.join(':')}`;
}

const defaultNbdPort = 10_809;

function nbdPlace(host: NetworkHost, exportName: string): string {
  const name = encodeURIComponent(exportName);
  if (host.transport === 'unix')
    return `nbd+unix:///${name}?socket=${encodeURIComponent(host.socket)}`;
  const address = host.name.includes(':') ? `[${host.name}]` : host.name;
  return `nbd://${address}:${host.port ?? defaultNbdPort}/${name}`;
}
