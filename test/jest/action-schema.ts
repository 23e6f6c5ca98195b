/** The schema that GitHub's parser imports as JSON. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = new URL('../../node_modules/@actions/workflow-parser/dist/action-v1.0.min.json', import.meta.url);

export default JSON.parse(readFileSync(fileURLToPath(FILE), 'utf8')) as unknown;
