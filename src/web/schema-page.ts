/** The settings' grammar at an address of the installation: what `# yaml-language-server: $schema=…` names. */
import { settingsJsonSchema } from '../domain/settings/json-schema.ts';
import type { Page } from './page-server.ts';

export const SCHEMA_PATH = '/schema/slsa-pipeline.schema.json';

export const schemaPage = (path: string): Page | null =>
  path === SCHEMA_PATH
    ? { status: 200, contentType: 'application/schema+json', body: `${JSON.stringify(settingsJsonSchema())}\n` }
    : null;
