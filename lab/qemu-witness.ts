import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { HostPaths } from './paths.ts';

/** An event of QEMU, with its own time of it. */
export interface QemuEvent {
  readonly host: string;
  readonly atEpochMs: number;
  /** For example `STOP`, `BLOCK_JOB_READY`. */
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * What the QEMUs of a host say on a monitor of their own, beside libvirt's: only of guests that were
 * made with `events: 'witnessed'`, which cannot start while nobody listens.
 */
export interface QemuWitness {
  /** Since it began to listen, oldest first. */
  readonly events: readonly QemuEvent[];
  /** The guests run on, unheard. */
  close(): Promise<void>;
}

/** Where QEMU finds its witness, the same on every host. */
export const witnessSocket = '/run/libvirt/qemu-events';

const messageSchema = z.object({
  event: z.string(),
  data: z.record(z.string(), z.unknown()).default({}),
  timestamp: z.object({ seconds: z.number(), microseconds: z.number() }),
});

function parseMessage(host: string, line: string): QemuEvent[] {
  const { data: message } = messageSchema.safeParse(JSON.parse(line));
  // The greeting and the answer to our only command.
  if (message === undefined) return [];
  const { data, event, timestamp } = message;
  const atEpochMs = timestamp.seconds * 1_000 + timestamp.microseconds / 1_000;
  return [{ host, atEpochMs, event, data }];
}

/** Listens before the host's guests start: a QEMU takes its monitor with it from its first moment. */
export async function witnessQemu(host: HostPaths): Promise<QemuWitness> {
  const path = join(host.runDir, basename(witnessSocket));
  const events: QemuEvent[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A QEMU that is killed resets what it had not read.
    socket.on('error', () => socket.destroy());
    socket.write('{"execute":"qmp_capabilities"}\n');
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.flatMap((line) => parseMessage(host.name, line)));
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    events,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      await rm(path, { force: true });
    },
  };
}
