import { describe, expect, it } from 'vitest';
import { ScramClient, ScramFailure } from '../src/auth/scram.ts';

/** The exchange of RFC 7677, section 3. */
const user = { username: 'user', password: 'pencil' };
const ourNonce = 'rOprNGfwEbeRWgbNEkqO';
const nonce = `${ourNonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const challenge = `r=${nonce},s=${salt},i=4096`;
const signature = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

describe('ScramClient', () => {
  it('speaks as the RFC does', async () => {
    const client = new ScramClient(user, ourNonce);
    expect(client.first().toString()).toBe(`n,,n=user,r=${ourNonce}`);
    const final = await client.final(challenge);
    const proof = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
    expect(final.toString()).toBe(`c=biws,r=${nonce},p=${proof}`);
    expect(() => client.verify(signature)).not.toThrow();
  });

  it("keeps the protocol's own signs out of a user name", () => {
    const client = new ScramClient({ username: 'a=b,c', password: 'x' }, ourNonce);
    expect(client.first().toString()).toBe(`n,,n=a=3Db=2Cc,r=${ourNonce}`);
  });

  it.each([
    ['a nonce that is not ours', `r=other${nonce},s=${salt},i=4096`],
    ['our nonce with nothing of its own', `r=${ourNonce},s=${salt},i=4096`],
    ['too few iterations', `r=${nonce},s=${salt},i=4095`],
    ['iterations without end', `r=${nonce},s=${salt},i=999999999`],
    ['a number that is none', `r=${nonce},s=${salt},i=4096e9`],
    ['no salt', `r=${nonce},s=,i=4096`],
    ['an extension that must be understood', `m=new,${challenge}`],
    ['an error', 'e=unknown-user'],
    ['nothing', ''],
  ])('refuses a challenge with %s', async (_what, text) => {
    await expect(new ScramClient(user, ourNonce).final(text)).rejects.toThrow(ScramFailure);
  });

  it.each([
    ['a wrong signature', 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8='],
    ['a short one', 'v=6rri'],
    ['an error', 'e=invalid-proof'],
    ['nothing', ''],
  ])('does not believe a server with %s', async (_what, text) => {
    const client = new ScramClient(user, ourNonce);
    await client.final(challenge);
    expect(() => client.verify(text)).toThrow(ScramFailure);
  });

  it('does not believe a signature before the challenge', () => {
    expect(() => new ScramClient(user, ourNonce).verify(signature)).toThrow(ScramFailure);
  });
});
