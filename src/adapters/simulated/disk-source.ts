import type { DiskImage, DiskSource } from '../../ports/disk-source.ts';
import { placeOf } from '../../ports/disk-source.ts';
import type { LayerFile } from './disk-chain.ts';

/**
 * Files, block devices and network images of a simulated host are all kept by their places
 * ({@link placeOf}): what lies under `/dev` is a block device, what begins as a URI is an NBD export.
 */
export function sourceAt(place: string): DiskSource {
  if (place.startsWith('rbd:')) {
    const image = place.slice('rbd:'.length);
    return { kind: 'rbd', image, monitors: [], auth: null, configPath: null };
  }
  if (/^nbd(\+unix)?:\/\//.test(place)) return exportAt(new URL(place));
  return { kind: place.startsWith('/dev/') ? 'block' : 'file', path: place };
}

function exportAt({ hostname, pathname, port, searchParams }: URL): DiskSource {
  const exportName = decodeURIComponent(pathname.slice(1));
  const socket = searchParams.get('socket');
  if (socket !== null) return { kind: 'nbd', host: { transport: 'unix', socket }, exportName };
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  return { kind: 'nbd', host: { transport: 'tcp', name, port: Number(port) }, exportName };
}

export const layerOf = ({ format, source }: DiskImage): LayerFile => ({
  path: placeOf(source),
  format,
});

/** A layer as the port tells it: a path only where there is one. */
export function layerViewOf({ format, path }: LayerFile) {
  const origin = sourceAt(path);
  const isLocal = origin.kind === 'file' || origin.kind === 'block';
  const source = isLocal ? origin.kind : ('network' as const);
  return { origin, path: isLocal ? path : null, source, format };
}
