import { InvalidUriError } from 'node-libvirt';
import { FailureError } from '../../ports/failure.ts';
import type { HostImages } from '../../ports/images.ts';
import { fileCalls } from './file-calls.ts';
import { hasFileHere } from './file-here.ts';
import { imageCalls } from './image-calls.ts';
import type { Launch } from './launch.ts';
import { isHere, launcherFor } from './launch.ts';
import { Tools } from './tools.ts';

/**
 * Image files of the host whose daemon the connection URI leads to: by programs that are started here
 * where it leads to this machine, and by ssh where it leads through ssh.
 *
 * @throws FailureError `invalidUri`
 */
export function hostImages(uri: string): HostImages {
  try {
    const launch = launcherFor(uri) ?? unreachable(uri);
    const images = launchedImages(uri, launch);
    return isHere(uri) ? { ...images, hasFile: hasFileHere(new Tools(uri, launch)) } : images;
  } catch (error) {
    if (!(error instanceof InvalidUriError)) throw error;
    // It names the URI itself, without the password that may stand in there.
    const failure = { code: 'invalidUri', message: error.message, effect: 'none' } as const;
    throw new FailureError(failure, { cause: error });
  }
}

/** The same with a launcher of the caller's. `uri` is how messages name the host. */
export function launchedImages(uri: string, launch: Launch): HostImages {
  const tools = new Tools(uri, launch);
  return { ...imageCalls(tools), ...fileCalls(tools) };
}

/** TCP and TLS carry libvirt's protocol, which has no qemu-img. */
function unreachable(uri: string): Launch {
  return () => {
    throw new FailureError({
      code: 'imageToolsUnreachable',
      message:
        `${uri}: its image files are out of reach: only libvirt answers there; ` +
        'run virtstate on that host, or use qemu+ssh',
      effect: 'none',
    });
  };
}
