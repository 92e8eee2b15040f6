import { expect } from 'vitest';
import { failureOf, unending } from './fixture.ts';
import type { Fixture, Role } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

const unknownUuid = '01234567-89ab-4cde-8f01-23456789abcd';
const sinceEpochMs = 1_700_000_000_123;
const claim = { run: '1b9d-run', engine: 'hostC:77 <"&">', sinceEpochMs };
const rival = { run: 'other.run:2', engine: 'hostD:1', sinceEpochMs: sinceEpochMs + 1 };

const standing = ({ run, ...details }: typeof claim) => ({ run, details });

const claimed = (fixture: Fixture, uuid: string, what = claim) =>
  fixture.source.claimDomain(uuid, what, unending);

/** By name, since two claims have no order. */
async function claimsOn({ hosts }: Fixture, role: Role, uuid: string) {
  const claims = await hosts[role].findClaims(uuid, unending);
  return claims.toSorted((a, b) => a.run.localeCompare(b.run));
}

/** What runs make known of themselves on a domain. */
export const claimingCases: Cases = {
  'a claim stands with all that it says, and may be made again': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([]);
    expect(await claimed(fixture, uuid)).toEqual([]);
    expect(await claimed(fixture, uuid)).toEqual([]);
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([standing(claim)]);
  },

  'a claim is taken away, and may be taken away again': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await claimed(fixture, uuid);
    await fixture.source.releaseClaim(uuid, claim.run, unending);
    await fixture.source.releaseClaim(uuid, claim.run, unending);
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([]);
  },

  'whoever comes second is told of the first, and neither loses its claim': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await claimed(fixture, uuid);
    expect(await claimed(fixture, uuid, rival)).toEqual([standing(claim)]);
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([standing(claim), standing(rival)]);
    await fixture.source.releaseClaim(uuid, claim.run, unending);
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([standing(rival)]);
  },

  'of many that come at once at most one is told of no other': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    const claims = Array.from({ length: 6 }, (_, index) => ({ ...claim, run: `run-${index}` }));
    const answers = await Promise.all(claims.map((each) => claimed(fixture, uuid, each)));
    expect(answers.filter((others) => others.length === 0).length).toBeLessThan(2);
    expect(await claimsOn(fixture, 'source', uuid)).toHaveLength(claims.length);
  },

  'a claim outlives the QEMU of a domain that has a definition': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await claimed(fixture, uuid);
    await fixture.source.destroy(uuid, unending);
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([standing(claim)]);
    await fixture.source.releaseClaim(uuid, claim.run, unending);
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([]);
    expect(await claimed(fixture, uuid, rival)).toEqual([]);
  },

  'a domain without a definition is claimed like any other': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.undefine(uuid, unending);
    expect(await claimed(fixture, uuid)).toEqual([]);
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([standing(claim)]);
    await fixture.source.releaseClaim(uuid, claim.run, unending);
    expect(await claimsOn(fixture, 'source', uuid)).toEqual([]);
  },

  'what does not exist cannot be claimed, and holds no claim': async ({ source }) => {
    const failure = await failureOf(source.claimDomain(unknownUuid, claim, unending));
    expect(failure).toMatchObject({ code: 'noDomain', effect: 'none' });
    expect(await source.findClaims(unknownUuid, unending)).toEqual([]);
    await source.releaseClaim(unknownUuid, claim.run, unending);
  },

  'a claim goes with the guest and with its definition': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    await claimed(fixture, guest.uuid);
    await fixture.migrate(guest, { keepSource: true });
    expect(await claimsOn(fixture, 'destination', guest.uuid)).toEqual([standing(claim)]);
    expect(await claimsOn(fixture, 'source', guest.uuid)).toEqual([standing(claim)]);
    await fixture.destination.destroy(guest.uuid, unending);
    expect(await claimsOn(fixture, 'destination', guest.uuid)).toEqual([standing(claim)]);
  },

  'a claim goes with a guest that arrives without a definition, and into the one that it is given':
    async (fixture) => {
      const guest = await fixture.newGuest('shared');
      await claimed(fixture, guest.uuid);
      await fixture.migrate(guest, { persistence: 'transient' });
      expect(await claimsOn(fixture, 'destination', guest.uuid)).toEqual([standing(claim)]);
      await fixture.destination.persist(guest.uuid, unending);
      await fixture.destination.destroy(guest.uuid, unending);
      expect(await claimsOn(fixture, 'destination', guest.uuid)).toEqual([standing(claim)]);
    },

  'a definition that is given for the destination is given the claim, too': async (fixture) => {
    const guest = await fixture.newGuest('shared');
    await claimed(fixture, guest.uuid, rival);
    const destinationXml = await fixture.source.domainXml(guest.uuid, unending);
    await fixture.source.releaseClaim(guest.uuid, rival.run, unending);
    const call = { ...fixture.callFor(guest, { destinationXml }), claim };
    await fixture.source.migrate(call, unending);
    expect(await claimsOn(fixture, 'destination', guest.uuid)).toEqual([standing(claim)]);
    await fixture.destination.destroy(guest.uuid, unending);
    expect(await claimsOn(fixture, 'destination', guest.uuid)).toEqual([standing(claim)]);
  },
};
