/** anchore/scan-action: runs grype. Source: anchore/scan-action v7.4.0, `action.js`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { scanComponents } from '../scan.ts';
import { failed, isOn, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';

export const scanAction: ActionDouble = {
  name: 'anchore/scan-action',
  commit: 'e1165082ffb1fe366ebaf02d8526e7c4989ea9d2',
  version: 'v7.4.0',
  inputs: {
    image: null,
    path: null,
    sbom: null,
    'registry-username': null,
    'registry-password': null,
    'fail-build': 'true',
    'output-format': 'sarif',
    'output-file': null,
    'severity-cutoff': 'medium',
    'only-fixed': 'false',
    'add-cpes-if-none': 'false',
    'by-cve': 'false',
    'grype-version': null,
    vex: null,
    config: null,
    'cache-db': 'false',
  },
  run,
};

const SEVERITIES = ['negligible', 'low', 'medium', 'high', 'critical'];

async function run({ input, machine, log }: ActionCall): Promise<ActionEnd> {
  const sbom = input('sbom');
  const format = input('output-format');
  if (sbom === '') return failed("The sandbox's grype reads SBOMs only");
  if (format !== 'json') return failed(`The sandbox's grype writes json, not ${format}`);
  const cutoff = input('severity-cutoff');
  if (!SEVERITIES.includes(cutoff))
    return failed(`Invalid severity-cutoff value is set to ${cutoff} - must be one of ${SEVERITIES.join(', ')}`);
  const path = resolve(machine.folders.workspace, sbom);
  log(`[command]/opt/hostedtoolcache/grype sbom:${sbom} -o ${format} --fail-on ${cutoff}`);
  if (!existsSync(path)) return failed(`Failed to scan: unable to open file ${sbom}: no such file or directory`);
  const found = await scanComponents(readFileSync(path, 'utf8'));
  const file = resolve(machine.folders.workspace, input('output-file'));
  writeFileSync(file, JSON.stringify(found));
  machine.giveToRunner(file);
  const worst = Math.max(
    -1,
    ...found.matches.map(({ vulnerability }) => SEVERITIES.indexOf(vulnerability.severity.toLowerCase())),
  );
  if (isOn(input('fail-build')) && worst >= SEVERITIES.indexOf(cutoff))
    return failed(`Failed minimum severity level. Found vulnerabilities with level '${cutoff}' or higher`, {
      json: file,
    });
  return { outputs: { json: file } };
}
