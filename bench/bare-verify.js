/**
 * The least that any program does to verify a bundle: `node bare-verify.js ROOT BUNDLE`. What `verify` takes on top of it is the
 * price of the policy, the expectations and the answer.
 */
import { readFileSync } from 'node:fs';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';

const [root, bundle] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
new Verifier(toTrustMaterial(TrustedRoot.fromJSON(root))).verify(toSignedEntity(bundleFromJSON(bundle)));
