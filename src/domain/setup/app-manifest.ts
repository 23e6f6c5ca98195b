/** What GitHub is told to make an App of. Source: docs, "Registering a GitHub App from a manifest". */
import { z } from 'zod';
import { NEEDED_EVENTS, NEEDED_PERMISSIONS } from '../doctor/needs.ts';

/** What a person chooses; everything else follows. */
export const SetupChoice = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'The App needs a name.')
    .max(34, 'GitHub takes at most 34 characters for the name of an App.'),
  /** Empty for one's own account. */
  organisation: z
    .string()
    .trim()
    .regex(/^([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))?$/, 'An organisation is written as in its address: acme.'),
  address: z
    .string()
    .trim()
    .max(200, 'The address is longer than any that GitHub takes.')
    .regex(
      /^https?:\/\/[A-Za-z0-9.:[\]-]+(\/[A-Za-z0-9._~/-]*)?$/,
      'The address is where GitHub reaches this service: https://slsa.example.org.',
    )
    .transform((address) => address.replace(/\/$/, '')),
});
export type SetupChoice = z.infer<typeof SetupChoice>;

export const appManifest = ({ name, address }: SetupChoice, paths: { webhook: string; created: string }): object => ({
  name,
  url: address,
  description: 'Takes every commit through lint, build, SBOM, scan, signature, attestation and verification.',
  hook_attributes: { url: `${address}${paths.webhook}`, active: true },
  redirect_url: paths.created,
  public: false,
  default_permissions: NEEDED_PERMISSIONS,
  default_events: NEEDED_EVENTS,
});

/** Where the manifest is posted to: a page of GitHub's, since a person has to agree. */
export const manifestTarget = (server: string, { organisation }: SetupChoice, state: string): string =>
  organisation === ''
    ? `${server}/settings/apps/new?state=${state}`
    : `${server}/organizations/${organisation}/settings/apps/new?state=${state}`;
