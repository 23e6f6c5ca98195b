/** The trust policy's file, apart from what the policy means: most processes have no file, and load no YAML parser then. */
import { readYaml, type YamlMistake } from '../settings/strict-yaml.ts';
import { TrustPolicy } from './trust-map.ts';

export type TrustPolicyReading =
  | { readonly kind: 'policy'; readonly policy: TrustPolicy }
  | { readonly kind: 'mistakes'; readonly mistakes: readonly YamlMistake[] };

export function readTrustPolicy(text: string): TrustPolicyReading {
  const reading = readYaml(text, { schema: TrustPolicy, noun: 'a key of the trust policy', refused: [] });
  return reading.kind === 'read' ? { kind: 'policy', policy: reading.value } : reading;
}
