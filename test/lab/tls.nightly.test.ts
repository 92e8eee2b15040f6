import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'vitest';

import { useEncrypted } from '../support/encrypted.ts';
import { describeLab } from '../support/needs.ts';

const protocols = ['peer2peer', 'direct'] as const;

describeLab('every migration whose streams are encrypted', () => {
  const { fails, stage, succeeds } = useEncrypted('all-tls');

  describe.each(protocols)('%s', (protocol) => {
    test.for(['shared', 'private'] as const)('succeeds on %s storage', (storage) =>
      succeeds({ protocol, storage }),
    );

    test.for([
      { flaw: 'expired', says: 'server-cert.pem has expired' },
      { flaw: 'otherCa', says: /server-cert.pem failed validation.*known issuer/ },
      { flaw: 'wrongName', says: 'Certificate does not match the hostname hostB' },
    ] as const)("fails for the destination's certificate is $flaw", ({ flaw, says }) =>
      fails(
        { protocol, storage: 'private' },
        () => stage.lab.host('hostB').start({ qemuCertificate: flaw }),
        says,
      ),
    );

    test('fails where the name in the certificate is not the one that was told', () =>
      fails(
        { protocol, storage: 'shared', options: { tlsDestination: 'elsewhere' } },
        () => Promise.resolve(),
        /does not match the hostname|TLS channel/,
      ));
  });

  const replaceOwn = async (identity: 'otherCa' | 'expired' | 'none'): Promise<void> => {
    const from = await stage.lab.pkiPath(identity);
    const own = join(stage.lab.host('hostA').paths.pkiDir, 'qemu');
    for (const part of ['cert', 'key']) {
      const file = join(own, `client-${part}.pem`);
      if (identity === 'none') await rm(file);
      else await copyFile(join(from, `client${part}.pem`), file);
    }
  };

  test.for([
    { identity: 'expired', says: 'client-cert.pem has expired' },
    { identity: 'otherCa', says: /client-cert.pem failed validation.*known issuer/ },
    { identity: 'none', says: 'TLS channel' },
  ] as const)("fails for the source's own certificate is $identity", ({ identity, says }) =>
    fails({ protocol: 'peer2peer', storage: 'private' }, () => replaceOwn(identity), says),
  );

  test('goes to an address that no certificate names when the name is told', () => {
    const { migrationAddress } = stage.lab.host('hostB');
    const options = { migrationUri: `tcp://${migrationAddress}`, tlsDestination: 'hostB' };
    return succeeds({ protocol: 'peer2peer', storage: 'shared', options });
  });
});
