import { DOMImplementation, XMLSerializer, type Element } from '@xmldom/xmldom';
import { modificationImpact, xmlFlags, type CallOptions, type Domain } from 'node-libvirt';
import type { Claim, StandingClaim } from '../../ports/claim.ts';
import { rivalsOf } from '../../ports/claim.ts';
import { FailureError } from '../../ports/failure.ts';
import { attribute, child, isElement, parseRoot } from './xml.ts';

/**
 * Each claim is metadata in a namespace of its own, this and the run behind it: one in a namespace
 * that all share would overwrite another's (virDomainSetMetadata).
 */
const namespacePrefix = 'urn:virtstate:claim/';
const elementPrefix = 'virtstate';
const runPattern = /^[A-Za-z0-9._:-]{1,128}$/;
const engineLengthMax = 255;
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/**
 * virDomainSetMetadata, which waits for the domain's job lock; only then is read who else claims it, so
 * that whoever comes second sees whoever came first.
 */
export async function writeClaim(
  domain: Domain,
  claim: Claim,
  options: CallOptions,
): Promise<StandingClaim[]> {
  const places = await readPlaces(domain, options);
  await domain.setMetadata('element', toXml(claim), {
    ...options,
    uri: namespacePrefix + claim.run,
    key: elementPrefix,
    flags: places.live | places.config,
  });
  return rivalsOf(claim.run, await readClaimsIn(domain, places, options));
}

/** The same with nothing in it; libvirt does not mind where there is none. */
export async function removeClaim(
  domain: Domain,
  run: string,
  options: CallOptions,
): Promise<void> {
  const { config, live } = await readPlaces(domain, options);
  // What an offline move left half done is neither running nor defined: there is nothing to write to.
  if ((live | config) === 0) return;
  const uri = namespacePrefix + run;
  await domain.setMetadata('element', null, { ...options, uri, flags: live | config });
}

/** Of what runs and of the definition: an old claim may stand on either alone. */
export async function readClaims(domain: Domain, options: CallOptions): Promise<StandingClaim[]> {
  return readClaimsIn(domain, await readPlaces(domain, options), options);
}

async function readClaimsIn(
  domain: Domain,
  { config, live }: Places,
  options: CallOptions,
): Promise<StandingClaim[]> {
  const isBoth = live !== 0 && config !== 0;
  const texts = await Promise.all([
    domain.getXMLDesc(options),
    ...(isBoth ? [domain.getXMLDesc({ ...options, flags: xmlFlags.INACTIVE })] : []),
  ]);
  const claims = new Map<string, StandingClaim>();
  for (const claim of texts.flatMap(parseClaims))
    if ((claims.get(claim.run)?.details ?? null) === null) claims.set(claim.run, claim);
  return [...claims.values()];
}

/** What there is of the domain to write to, as flags of the call; 0: not there. */
interface Places {
  readonly live: number;
  readonly config: number;
}

async function readPlaces(domain: Domain, options: CallOptions): Promise<Places> {
  const [isActive, isPersistent] = await Promise.all([
    domain.isActive(options),
    domain.isPersistent(options),
  ]);
  return {
    live: isActive ? modificationImpact.LIVE : 0,
    config: isPersistent ? modificationImpact.CONFIG : 0,
  };
}

/** @throws FailureError `invalidArgument` for what could not be read back */
function toXml(claim: Claim): string {
  const { engine, run } = claim;
  if (!runPattern.test(run) || engine.length > engineLengthMax) {
    const message = `a claim by run ${JSON.stringify(run)} of ${JSON.stringify(engine)} could not be read back`;
    throw new FailureError({ code: 'invalidArgument', message, effect: 'none' });
  }
  const document = new DOMImplementation().createDocument(null, 'claim');
  const root = document.documentElement;
  if (root === null) throw new Error('a new document has no root');
  describe(root, claim);
  return new XMLSerializer().serializeToString(document);
}

function describe(element: Element, { engine, run, sinceEpochMs }: Claim): void {
  element.setAttribute('run', run);
  element.setAttribute('engine', engine);
  element.setAttribute('since', new Date(sinceEpochMs).toISOString());
}

/**
 * A definition that somebody has written, with this claim and no other: it may have been written
 * while another one stood.
 *
 * @throws FailureError `malformedXml` for what is no domain's
 */
export function withClaim(domainXml: string, claim: Claim): string {
  const domain = parseRoot(domainXml, 'domain');
  const document = domain.ownerDocument;
  if (document === null) throw new Error('an element that was read stands in no document');
  dropClaims(domain);
  const metadata = child(domain, 'metadata') ?? document.createElement('metadata');
  domain.appendChild(metadata);
  const element = document.createElementNS(namespacePrefix + claim.run, `${elementPrefix}:claim`);
  describe(element, claim);
  metadata.appendChild(element);
  return new XMLSerializer().serializeToString(document);
}

/** Takes all claims out of a definition. @returns whether there were any */
export function dropClaims(domain: Element): boolean {
  const metadata = child(domain, 'metadata');
  const claims = claimsIn(metadata);
  for (const claim of claims) metadata?.removeChild(claim);
  return claims.length > 0;
}

/** Children only: what stands further down is somebody else's. */
function claimsIn(metadata: Element | null): Element[] {
  const found: Element[] = [];
  for (let node = metadata?.firstChild ?? null; node !== null; node = node.nextSibling)
    if (isElement(node) && node.namespaceURI?.startsWith(namespacePrefix) === true)
      found.push(node);
  return found;
}

/** The claims in a domain's XML. @throws FailureError `malformedXml` for what is no domain's */
export function parseClaims(domainXml: string): StandingClaim[] {
  return claimsIn(child(parseRoot(domainXml, 'domain'), 'metadata')).map((element) => {
    const run = (element.namespaceURI ?? '').slice(namespacePrefix.length);
    return { run, details: readDetails(element, run) };
  });
}

function readDetails(element: Element, run: string): StandingClaim['details'] {
  const engine = attribute(element, 'engine');
  const since = attribute(element, 'since') ?? '';
  const sinceEpochMs = isoTime.test(since) ? Date.parse(since) : Number.NaN;
  const isReadable =
    element.localName === 'claim' &&
    attribute(element, 'run') === run &&
    engine !== null &&
    engine.length <= engineLengthMax &&
    Number.isFinite(sinceEpochMs);
  return isReadable ? { engine, sinceEpochMs } : null;
}
