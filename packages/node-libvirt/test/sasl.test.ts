import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthenticationError, open, UnsupportedAuthError } from '../src/index.ts';
import { str, u32 } from './bytes.ts';
import { FakeDaemon, handshakeReplies, type Call, type FakePeer } from './fake-daemon.ts';

const procedures = { list: 66, init: 67, start: 68, step: 69 };
const sasl = 1;
const credentials = { username: 'user', password: 'pencil' };
let daemon: FakeDaemon;

beforeEach(async () => {
  daemon = await FakeDaemon.listen();
});
afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

function offer(mechanisms: string): void {
  daemon.handshake = new Map([
    ...handshakeReplies,
    [procedures.list, Buffer.concat([u32(1), u32(sasl)])],
    [procedures.init, str(mechanisms)],
  ]);
}

/** A server's word: four bytes for every character, as libvirt has it. */
function word(complete: 0 | 1, said: string): Buffer {
  const characters = [...Buffer.from(said)].map(u32);
  return Buffer.concat([u32(complete), u32(0), u32(characters.length), ...characters]);
}

/** What the client said, behind so many bytes that come before it. */
function saidIn({ payload }: Call, offset: number): string {
  const characters = Array.from({ length: payload.readUInt32BE(offset) }, (_, index) =>
    payload.readInt32BE(offset + 4 + index * 4),
  );
  return String.fromCharCode(...characters);
}

/** Lets the client begin, and answers with a challenge for its nonce. */
async function challenge(peer: FakePeer): Promise<void> {
  const start = await peer.nextCall();
  const mechanismBytes = str('SCRAM-SHA-256').length;
  const first = saidIn(start, mechanismBytes + 4);
  const nonce = first.slice(first.indexOf('r=') + 2);
  peer.reply(start, word(0, `r=${nonce}more,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`));
}

describe('SASL with a daemon that cannot be trusted', () => {
  it('names the mechanisms that are offered, when we speak none of them', async () => {
    offer('GSSAPI,DIGEST-MD5');
    const opening = open(daemon.uri, { credentials });
    await expect(opening).rejects.toThrow(UnsupportedAuthError);
    await expect(opening).rejects.toMatchObject({ mechanisms: ['GSSAPI', 'DIGEST-MD5'] });
    await (
      await daemon.nextPeer()
    ).closed;
  });

  it('does not believe a server that is content without having proved itself', async () => {
    offer('SCRAM-SHA-256');
    const opening = open(daemon.uri, { credentials });
    opening.catch(() => undefined);
    const peer = await daemon.nextPeer();
    await challenge(peer);
    peer.reply(await peer.nextCall(), word(1, ''));
    await expect(opening).rejects.toThrow(AuthenticationError);
    await expect(opening).rejects.toThrow('no signature');
    await peer.closed;
  });

  it('does not believe a server that does not know the password', async () => {
    offer('SCRAM-SHA-256');
    const opening = open(daemon.uri, { credentials });
    opening.catch(() => undefined);
    const peer = await daemon.nextPeer();
    await challenge(peer);
    const signature = Buffer.alloc(32, 7).toString('base64');
    peer.reply(await peer.nextCall(), word(1, `v=${signature}`));
    await expect(opening).rejects.toThrow('not the one it claims to be');
    await peer.closed;
  });

  it('does not let the password be tried at leisure for a weak proof', async () => {
    offer('SCRAM-SHA-256');
    const opening = open(daemon.uri, { credentials });
    opening.catch(() => undefined);
    const peer = await daemon.nextPeer();
    const start = await peer.nextCall();
    const first = saidIn(start, str('SCRAM-SHA-256').length + 4);
    const nonce = first.slice(first.indexOf('r=') + 2);
    peer.reply(start, word(0, `r=${nonce}more,s=AAAA,i=1`));
    await expect(opening).rejects.toThrow('asks for 1 iterations');
    expect(peer.waitingCalls).toBe(0);
    await peer.closed;
  });
});
