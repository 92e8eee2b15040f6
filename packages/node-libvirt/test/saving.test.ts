import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EncodeError, saveRestoreFlags } from '../src/index.ts';
import { absent, present, str, u32 } from './bytes.ts';
import { CallFixture, concat, guestHandle, param, type CallExample } from './call-fixture.ts';

let fixture: CallFixture;
beforeEach(async () => {
  fixture = await CallFixture.open();
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

const { BYPASS_CACHE, RUNNING, PAUSED } = saveRestoreFlags;

describe('the calls that save and restore', () => {
  it.each<[string, CallExample]>([
    [
      'managedSave',
      {
        call: (guest) => guest.managedSave({ flags: BYPASS_CACHE | PAUSED }),
        procedure: 182,
        sends: concat(guestHandle, u32(5)),
      },
    ],
    [
      'hasManagedSaveImage',
      {
        call: (guest) => guest.hasManagedSaveImage(),
        procedure: 183,
        sends: concat(guestHandle, u32(0)),
        reply: u32(1),
        result: true,
      },
    ],
    [
      'managedSaveRemove',
      {
        call: (guest) => guest.managedSaveRemove(),
        procedure: 184,
        sends: concat(guestHandle, u32(0)),
      },
    ],
    [
      'managedSaveGetXMLDesc',
      {
        call: (guest) => guest.managedSaveGetXMLDesc({ flags: 1 }),
        procedure: 388,
        sends: concat(guestHandle, u32(1)),
        reply: str('<domain/>'),
        result: '<domain/>',
      },
    ],
    [
      'managedSaveDefineXML',
      {
        call: (guest) => guest.managedSaveDefineXML('<domain/>', { flags: RUNNING }),
        procedure: 389,
        sends: concat(guestHandle, present(str('<domain/>')), u32(2)),
      },
    ],
    [
      'save',
      {
        call: (guest) => guest.save('/a.save'),
        procedure: 232,
        sends: concat(guestHandle, str('/a.save'), absent, u32(0)),
      },
    ],
    [
      'save with a definition',
      {
        call: (guest) => guest.save('/a.save', { xml: '<domain/>', flags: PAUSED }),
        procedure: 232,
        sends: concat(guestHandle, str('/a.save'), present(str('<domain/>')), u32(4)),
      },
    ],
    [
      'saveParams',
      {
        call: (guest) =>
          guest.saveParams(
            { file: '/a', dxml: undefined, image_format: 'sparse', 'parallel.channels': 2 },
            { flags: BYPASS_CACHE },
          ),
        procedure: 440,
        sends: concat(
          guestHandle,
          u32(3),
          param.string('file', '/a'),
          param.string('image_format', 'sparse'),
          param.int('parallel.channels', 2),
          u32(1),
        ),
      },
    ],
    [
      'domainRestoreFlags',
      {
        call: (_guest, connection) =>
          connection.domainRestoreFlags('/a', { xml: '<domain/>', flags: RUNNING }),
        procedure: 233,
        sends: concat(str('/a'), present(str('<domain/>')), u32(2)),
      },
    ],
    [
      'domainRestoreParams',
      {
        call: (_guest, connection) => connection.domainRestoreParams({ file: '/a' }),
        procedure: 441,
        sends: concat(u32(1), param.string('file', '/a'), u32(0)),
      },
    ],
    [
      'domainSaveImageGetXMLDesc',
      {
        call: (_guest, connection) => connection.domainSaveImageGetXMLDesc('/a'),
        procedure: 235,
        sends: concat(str('/a'), u32(0)),
        reply: str('<domain/>'),
        result: '<domain/>',
      },
    ],
    [
      'domainSaveImageDefineXML',
      {
        call: (_guest, connection) =>
          connection.domainSaveImageDefineXML('/a', '<domain/>', { flags: PAUSED }),
        procedure: 236,
        sends: concat(str('/a'), str('<domain/>'), u32(4)),
      },
    ],
  ])('%s', (_name, example) => fixture.expectExample(example));

  it('refuse parameters that libvirt does not know, or of another type, without a value in the error', async () => {
    const wrong: { file: string } = JSON.parse('{"file":"/a","dxml":["sesame",3]}');
    await expect(fixture.guest.saveParams(wrong)).rejects.toThrow(
      new EncodeError('save parameter "dxml" must be string'),
    );
    const unknown: { file: string } = JSON.parse('{"file":"/a","format":"sesame"}');
    await expect(fixture.guest.saveParams(unknown)).rejects.toThrow(
      new EncodeError('"format" is no save parameter'),
    );
  });

  it('take no save without a file: it would leave the domain locked in the daemon for ever', async () => {
    const missing = new EncodeError('save parameter "file" is missing');
    for (const json of ['{}', '{"dxml":"<domain/>"}']) {
      const nowhere: { file: string } = JSON.parse(json);
      await expect(fixture.guest.saveParams(nowhere)).rejects.toThrow(missing);
      await expect(fixture.connection.domainRestoreParams(nowhere)).rejects.toThrow(missing);
    }
    expect(fixture.peer.waitingCalls).toBe(0);
  });
});
