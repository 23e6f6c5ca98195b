/** What a Sigstore bundle claims to be about, read without believing it. */
import { z } from 'zod';
import {
  parseJson,
  read,
  readJsonFile,
  unreadable,
  unusable,
  type Reading,
  type ReportFiles,
} from '../stage/stage-report.ts';
import type { Stage } from '../stage/stage-table.ts';

/** Sigstore bundle v0.1 to v0.3, as far as it is read here. Source: sigstore/protobuf-specs, `sigstore_bundle.proto`. */
export const SigstoreBundle = z.object({
  mediaType: z.string().regex(/^application\/vnd\.dev\.sigstore\.bundle(\.v0\.[1-9]\+json|\+json;version=0\.[1-9])$/),
  verificationMaterial: z.object({
    tlogEntries: z.array(z.object({ logIndex: z.union([z.string().regex(/^\d{1,20}$/), z.int()]) })).nullish(),
  }),
  dsseEnvelope: z.object({ payloadType: z.string(), payload: z.string(), signatures: z.array(z.unknown()).min(1) }),
});

const Statement = z.object({
  _type: z.enum(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })).min(1),
  predicateType: z.string(),
});

export interface BundleFacts {
  readonly predicateType: string;
  /** SHA-256 digests of *all* subjects: an attestation may list dozens, and the first is nothing special. */
  readonly subjects: readonly string[];
  readonly logIndex: string | null;
}

export function readBundle(files: ReportFiles, stage: Stage, file: string): Reading<BundleFacts> {
  const reading = readJsonFile(files, stage, file, SigstoreBundle);
  if (reading.kind === 'unusable') return reading;
  const { dsseEnvelope, verificationMaterial } = reading.result;
  if (dsseEnvelope.payloadType !== 'application/vnd.in-toto+json') {
    return unusable(unreadable(stage, file, 'holds something else than an in-toto statement'));
  }
  const statement = Statement.safeParse(decodePayload(dsseEnvelope.payload));
  if (!statement.success) return unusable(unreadable(stage, file, 'holds no in-toto statement'));
  const logIndex = verificationMaterial.tlogEntries?.[0]?.logIndex;
  return read({ ...statementFacts(statement.data), logIndex: logIndex === undefined ? null : String(logIndex) });
}

/** A statement that nobody signed. */
export function readStatement(files: ReportFiles, stage: Stage, file: string): Reading<BundleFacts> {
  const reading = readJsonFile(files, stage, file, Statement);
  return reading.kind === 'unusable' ? reading : read({ ...statementFacts(reading.result), logIndex: null });
}

const statementFacts = ({ predicateType, subject }: z.infer<typeof Statement>): Omit<BundleFacts, 'logIndex'> => ({
  predicateType,
  subjects: subject.flatMap(({ digest }) => (digest['sha256'] === undefined ? [] : [digest['sha256']])),
});

function decodePayload(base64: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const json = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return json.ok ? json.value : undefined;
  } catch {
    return undefined;
  }
}
