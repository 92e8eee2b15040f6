import { test } from 'vitest';

import { useEncrypted } from '../support/encrypted.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a migration whose streams are encrypted', () => {
  const { fails, stage, succeeds } = useEncrypted('data-tls');

  test('takes memory and copied disks along', () =>
    succeeds({ protocol: 'direct', storage: 'private' }));

  test('leaves the guest where it is when the destination has a certificate of another name', () =>
    fails(
      { protocol: 'peer2peer', storage: 'private' },
      () => stage.lab.host('hostB').start({ qemuCertificate: 'wrongName' }),
      'Certificate does not match the hostname hostB',
    ));
});
