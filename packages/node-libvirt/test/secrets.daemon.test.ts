import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  errorCodes,
  isLibvirtError,
  isNoSecret,
  listSecretsFlags,
  open,
  type Connection,
} from '../src/index.ts';
import { describeDaemon, uniqueName } from './daemon.ts';

const value = Buffer.from('sesame\0and\u00f1');

describeDaemon('secrets of a real daemon', (uri) => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await open(uri);
  });
  afterAll(async () => {
    await connection.close();
  });

  it('are defined, given a value, found, read and forgotten', async () => {
    const disk = `/${uniqueName()}`;
    const secret = await connection.secretDefineXML(
      `<secret ephemeral='yes' private='no'><usage type='volume'><volume>${disk}</volume></usage></secret>`,
    );
    expect([secret.usageType, secret.usageTypeNumber, secret.usageId]).toEqual(['volume', 1, disk]);
    await expect(secret.getValue()).rejects.toSatisfy(isNoSecret);
    await secret.setValue(value);
    expect(Buffer.from(await secret.getValue())).toEqual(value);
    expect((await connection.secretLookupByUUID(secret.uuid)).usageId).toBe(disk);
    expect((await connection.secretLookupByUsage('volume', disk)).uuid).toBe(secret.uuid);
    const flags = listSecretsFlags.EPHEMERAL | listSecretsFlags.NO_PRIVATE;
    const listed = await connection.listAllSecrets({ flags });
    expect(listed.map(({ uuid }) => uuid)).toContain(secret.uuid);
    expect(await secret.getXMLDesc()).not.toContain('sesame');
    await secret.undefine();
    await expect(secret.getXMLDesc()).rejects.toSatisfy(isNoSecret);
    const gone = connection.secretLookupByUsage('volume', disk);
    await expect(gone).rejects.toSatisfy(isNoSecret);
  });

  it('that are private are not read, and show in no error', async () => {
    const client = `client.${uniqueName()}`;
    const secret = await connection.secretDefineXML(
      `<secret ephemeral='yes' private='yes'><usage type='ceph'><name>${client}</name></usage></secret>`,
    );
    await secret.setValue(value);
    const refused = await secret.getValue().then(
      () => null,
      (error: unknown) => error,
    );
    expect(refused).toSatisfy((error) => isLibvirtError(error, errorCodes.INVALID_SECRET));
    await secret.undefine();
    const late = await secret.setValue(value).then(
      () => null,
      (error: unknown) => error,
    );
    expect(late).toSatisfy(isNoSecret);
    expect(inspect([refused, late, secret], { depth: null })).not.toContain('sesame');
  });
});
