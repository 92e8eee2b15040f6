import { describe, expect, test } from 'vitest';

import { parseClaims, withClaim } from '../../../../src/adapters/libvirt/claims.ts';

const domainXml = (metadata: string) =>
  `<domain type='qemu'><name>guest</name><metadata>${metadata}</metadata></domain>`;
const claimXml = (run: string, attributes: string, element = 'claim') =>
  `<virtstate:${element} xmlns:virtstate="urn:virtstate:claim/${run}" ${attributes}/>`;
const whole = `run="r-1" engine="hostC:77" since="2026-11-20T17:00:00.500Z"`;

test('a claim is read with its engine and its time', () => {
  expect(parseClaims(domainXml(claimXml('r-1', whole)))).toEqual([
    {
      run: 'r-1',
      details: { engine: 'hostC:77', sinceEpochMs: Date.UTC(2026, 10, 20, 17, 0, 0, 500) },
    },
  ]);
});

test('what others keep there is none of ours', () => {
  const others =
    '<nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1"><nova:claim run="x"/></nova:instance>' +
    '<a:claim xmlns:a="urn:virtstate:other" run="x"/><claim run="x"/>text<!-- urn:virtstate:claim/x -->';
  expect(parseClaims(domainXml(others))).toEqual([]);
  expect(parseClaims('<domain><name>guest</name></domain>')).toEqual([]);
});

test('a claim further down, which the domain itself does not make, is none', () => {
  const within = `<a:b xmlns:a="urn:a">${claimXml('r-1', whole)}</a:b>`;
  expect(parseClaims(domainXml(within))).toEqual([]);
});

describe('a claim counts, though nobody can read what it says', () => {
  test.each([
    ['without a word', claimXml('r-1', '')],
    ['of an unknown form', claimXml('r-1', whole, 'hold')],
    ['that names another run', claimXml('r-1', whole.replace('r-1', 'r-2'))],
    ['without an engine', claimXml('r-1', 'run="r-1" since="2026-11-20T17:00:00Z"')],
    ['with a time that is none', claimXml('r-1', 'run="r-1" engine="e" since="yesterday"')],
    [
      'with a day that is none',
      claimXml('r-1', 'run="r-1" engine="e" since="2026-13-41T17:00:00Z"'),
    ],
    [
      'with an engine without end',
      claimXml('r-1', `run="r-1" engine="${'e'.repeat(300)}" since="2026-11-20T17:00:00Z"`),
    ],
  ])('%s', (_, element) => {
    expect(parseClaims(domainXml(element))).toEqual([{ run: 'r-1', details: null }]);
  });

  test('among others that can be read', () => {
    const both = claimXml('', 'run=""') + claimXml('r-1', whole);
    expect(parseClaims(domainXml(both)).map(({ run, details }) => [run, details !== null])).toEqual(
      [
        ['', false],
        ['r-1', true],
      ],
    );
  });
});

test('what is no domain is refused', () => {
  expect(() => parseClaims('<claim/>')).toThrow('the root is not <domain>');
});

describe('a definition that somebody has written', () => {
  const claim = { run: 'r-9', engine: 'hostD:2 <&">', sinceEpochMs: 5 };
  const ours = { run: 'r-9', details: { engine: claim.engine, sinceEpochMs: 5 } };

  test.each([
    ['without metadata', "<domain type='qemu'><name>guest</name></domain>"],
    ['with the claim of another', domainXml(claimXml('r-1', whole))],
    ['with an older claim of the same run', domainXml(claimXml('r-9', 'run="r-9"'))],
  ])('%s carries this claim and no other', (_, xml) => {
    expect(parseClaims(withClaim(xml, claim))).toEqual([ours]);
  });

  test('keeps all else, what others have written there too', () => {
    const others = `<n:x xmlns:n="urn:n" a="1"><n:y>&lt;z&gt;</n:y></n:x>`;
    const text = withClaim(domainXml(others), claim);
    expect(text).toContain(others);
    expect(text).toContain('<name>guest</name>');
  });

  test('that is none is refused', () => {
    expect(() => withClaim('<domain', claim)).toThrow('not well formed');
  });
});
