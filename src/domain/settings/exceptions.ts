/** Vulnerabilities that somebody accepted for a while: in force through the day that each names, in UTC. */
import type { Exception } from './settings-schema.ts';

export interface ExceptionsToday {
  readonly inForce: readonly Exception[];
  /** Over: their findings count again. */
  readonly ended: readonly Exception[];
}

/** @param today as `2026-12-31` */
export function exceptionsOn(
  today: string,
  { exceptions }: { readonly exceptions: readonly Exception[] },
): ExceptionsToday {
  return {
    inForce: exceptions.filter(({ until }) => until >= today),
    ended: exceptions.filter(({ until }) => until < today),
  };
}

export interface Found {
  /** As the scanner names it, and every other name that it knows. */
  readonly ids: readonly string[];
  /** Package URL; null where the scanner knows none. */
  readonly purl: string | null;
}

export const exceptionFor = (found: Found, exceptions: readonly Exception[]): Exception | null =>
  exceptions.find((each) => found.ids.includes(each.id) && isOfPackage(found.purl, each.package)) ?? null;

/** A package URL without a version stands for all of its versions; qualifiers and subpath say where it was found. */
function isOfPackage(purl: string | null, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (purl === null) return false;
  const whole = purl.split(/[?#]/)[0] ?? '';
  return whole === wanted || whole.slice(0, versionAt(whole)) === wanted;
}

/** The version follows the last `@` after the last `/`; an npm scope is written `%40`. Source: package-url specification. */
function versionAt(purl: string): number {
  const at = purl.lastIndexOf('@');
  return at > purl.lastIndexOf('/') ? at : purl.length;
}
