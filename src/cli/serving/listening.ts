import type { AddressInfo } from 'node:net';

import type { Service } from '../../service/index.ts';
import { UsageError } from '../options/usage-error.ts';
import type { Access } from './access.ts';

interface Listening {
  readonly host: string;
  readonly port: number;
  readonly access: Access;
}

/** @throws UsageError where the address is taken, or none of this machine's */
export async function listen({ app }: Service, { access, host, port }: Listening): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`it cannot listen: ${reason}`, { cause: error });
  }
  const address: AddressInfo | string | null = app.server.address();
  const listening = typeof address === 'object' && address !== null ? address.port : port;
  const named = host.includes(':') ? `[${host}]` : host;
  return `${access.tls === null ? 'http' : 'https'}://${named}:${listening}`;
}

/** SIGTERM and SIGINT; a second one ends the process at once, and the next start takes up its runs. */
export function stopSignal(): { readonly asked: Promise<void>; release(): void } {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const stop = (): void => {
    release();
    resolve();
  };
  const release = (): void => {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return { asked, release };
}
