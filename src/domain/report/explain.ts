/** `/slsa explain`: expected, found, where it comes from, and how to see it for oneself. */
import type { ExplainTopic } from '../command/command-grammar.ts';
import { failingLines, nextLevelLine, requirementTable } from '../evidence/describe-assessment.ts';
import type { Decision } from '../run/decision.ts';
import type { Plan } from '../run/plan.ts';
import { progressLine, type RunDocument } from '../run/run-document.ts';
import { stageThatStopped } from '../run/verdict.ts';
import type { Vulnerability } from '../scan/scan-result.ts';
import { SETTINGS_PATH } from '../settings/settings-schema.ts';
import { STAGE_TABLE, STAGES, type Stage } from '../stage/stage-table.ts';
import { describeOutcome } from './describe-outcome.ts';
import { codeBlock, codeSpan, inertMarkdown, markedCode } from './plain-text.ts';
import { reproduce } from './reproduce.ts';

export function explain(document: RunDocument, topic: ExplainTopic): string[] {
  switch (topic.kind) {
    case 'run':
      return explainRun(document);
    case 'stage':
      return explainStage(document, topic.stage);
    case 'level':
      return explainLevel(document);
    case 'policy':
      return explainPolicy(document);
    case 'finding':
      return explainFinding(document, topic.id);
  }
}

/** What decided, and then that thing itself. */
function explainRun(document: RunDocument): string[] {
  const { verdict, plan } = document;
  const lead = [`**${inertMarkdown(progressLine(document))}**`, ''];
  if (verdict === null) return [...lead, 'It has not ended: nothing is decided yet.'];
  const next = verdict.next === '' ? [] : [`What you can do: ${markedCode(verdict.next)}`, ''];
  const mistakes = document.mistakes.map(
    ({ line, column, message }) => `- ${codeSpan(`${SETTINGS_PATH}:${line}:${column}`)} ${markedCode(message)}`,
  );
  if (plan === null) return [...lead, ...next, ...mistakes];
  const stage = stageThatStopped(document);
  return [...lead, ...next, ...(stage === null ? explainLevel(document) : explainStage(document, stage))];
}

function explainStage(document: RunDocument, stage: Stage): string[] {
  const { plan, outcomes } = document;
  const { title } = STAGE_TABLE[stage];
  if (plan?.stages.includes(stage) !== true) {
    const why =
      plan === null ? 'the run ended before it had a plan' : `preset ${codeSpan(plan.preset)} has no such stage here`;
    return [`**${title}** is not part of this run: ${why}.`];
  }
  const outcome = outcomes[stage];
  const found = outcome === undefined ? 'no result' : describeOutcome(stage, outcome);
  const log = outcome?.run == null ? '' : `, [log](${outcome.run.url})`;
  const commands = reproduce(stage, document);
  return [
    `**${title}**`,
    '',
    '| | |',
    '| --- | --- |',
    `| expected | ${EXPECTED[stage](plan)} |`,
    `| found | ${inertMarkdown(found)} |`,
    `| where | ${codeSpan(`.github/workflows/${plan.stageFiles[stage].file}`)}${log} |`,
    ...(commands.length === 0 ? [] : ['', 'See it for yourself:', '', ...codeBlock(commands)]),
  ];
}

const EXPECTED: Readonly<Record<Stage, (plan: Plan) => string>> = {
  lint: ({ gates }) => (gates.failOnLintErrors ? 'no lint error' : 'a report; lint errors do not stop a run here'),
  build: ({ image }) =>
    `an image ${codeSpan(image.name)} by ${codeSpan(image.dockerfile)} in ${codeSpan(image.context)}`,
  sbom: () => 'an inventory of the very image that was built',
  scan: ({ gates }) =>
    gates.failOnVulnerabilities
      ? `at most ${gates.maxFindings} findings at or over ${codeSpan(gates.threshold)}`
      : 'a report; findings do not stop a run here',
  sign: () => "a signature of the image's digest by this repository's own stage file",
  attest: () => 'an attestation of the SBOM that was scanned',
  verify: () => 'a second opinion of the evidence; the assessment of this App decides',
};

function explainLevel({ evidence, verdict }: RunDocument): string[] {
  if (evidence === null) return ['**No level yet**: nothing was built, or its evidence has not been looked at.'];
  if (evidence.kind === 'unknown') {
    return [
      `**Level unknown**: ${inertMarkdown(evidence.problem.message, 500)}`,
      '',
      markedCode(evidence.problem.next),
    ];
  }
  const { assessment } = evidence;
  const next = nextLevelLine(assessment);
  return [
    `**Build L${assessment.level}**, where L${assessment.expectedLevel} is expected.`,
    '',
    ...requirementTable(assessment),
    '',
    ...failingLines(assessment),
    ...(next === '' || verdict?.next === next ? [] : ['', markedCode(next)]),
  ];
}

const ABOUT_POLICY: readonly Decision['kind'][] = [
  'rule_applied',
  'floor_applied',
  'exception_ended',
  'skip_not_obeyed',
];

function explainPolicy({ plan, decisions }: RunDocument): string[] {
  if (plan === null) return ['**No plan**: the run ended before its settings were read, or they have mistakes.'];
  const { gates, image } = plan;
  const onOff = (is: boolean): string => (is ? 'on' : 'off');
  const rows = [
    ['preset', codeSpan(plan.preset)],
    ['stages', plan.stages.join(', ')],
    ['fail_on_lint_errors', onOff(gates.failOnLintErrors)],
    [
      'fail_on_vulnerabilities',
      `${onOff(gates.failOnVulnerabilities)}, from ${codeSpan(gates.threshold)}, ${gates.maxFindings} tolerated`,
    ],
    [
      'exceptions',
      (plan.exceptions ?? []).map(({ id, until }) => `${codeSpan(id)} until ${until}`).join(', ') || 'none',
    ],
    ['image', codeSpan(`${image.name}:${image.tag}`)],
    ['signing', plan.signing],
    ['builder', plan.builder === null ? 'this repository itself' : codeSpan(plan.builder)],
    ['settings', codeSpan(plan.settingsDigest)],
  ];
  const reasons = decisions
    .filter(({ kind }) => ABOUT_POLICY.includes(kind))
    .map(({ reason }) => `- ${markedCode(reason)}`);
  return ['| policy | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`), '', ...reasons];
}

function explainFinding({ outcomes: { scan, lint }, plan }: RunDocument, id: string): string[] {
  const vulnerabilities = scan?.kind === 'finished' ? scan.result.worst.filter((each) => each.id === id) : [];
  const accepted = scan?.kind === 'finished' ? (scan.result.accepted ?? []).filter((each) => each.id === id) : [];
  const linted = lint?.kind === 'finished' ? lint.result.findings.filter(({ rule }) => rule === id) : [];
  const lines = [
    ...vulnerabilities.map((each) => vulnerabilityLine(each, plan)),
    ...accepted.map(
      ({ package: name, version, until, reason }) =>
        `- accepted in ${codeSpan(`${name} ${version}`)} until ${until}: ${inertMarkdown(reason)}`,
    ),
    ...linted.map(
      ({ file, line, message }) => `- ${codeSpan(line === null ? file : `${file}:${line}`)} ${inertMarkdown(message)}`,
    ),
  ];
  if (lines.length === 0) {
    return [
      `${codeSpan(id)} is none of the findings that this run keeps. The worst ones are on its check, all of them in the artifacts of its stages.`,
    ];
  }
  const accept =
    vulnerabilities.length === 0
      ? []
      : ['', `A maintainer accepts it for a while by ${codeSpan(`/slsa accept ${id} until <date> <reason>`)}.`];
  return [`**${codeSpan(id)}**`, '', ...lines, ...accept];
}

function vulnerabilityLine(
  { severity, package: name, version, fixedIn, location, url }: Vulnerability,
  plan: Plan | null,
): string {
  const where = location === null ? '' : `, in ${codeSpan(location)}`;
  const fix = fixedIn === null ? 'no version has the fix yet' : `fixed in ${codeSpan(fixedIn)}`;
  const gate = plan === null ? '' : ` The gate looks at ${codeSpan(plan.gates.threshold)} and worse.`;
  return `- ${severity}, ${codeSpan(`${name} ${version}`)}${where}: ${fix}.${gate}${url === null ? '' : ` [Advisory](${url}).`}`;
}

/** `/slsa status`: how far each stage is, and the receipt. */
export function statusLines(document: RunDocument): string[] {
  const { request, stages, workflowId } = document;
  const states = STAGES.flatMap((stage) => stages.filter((each) => each.stage === stage)).map(({ stage, state }) => {
    const outcome = document.outcomes[stage];
    return `- ${STAGE_TABLE[stage].title}: ${outcome === undefined ? state : inertMarkdown(describeOutcome(stage, outcome))}`;
  });
  const delivery = request.delivery === null ? '' : `, delivery ${codeSpan(request.delivery)}`;
  return [
    `**${inertMarkdown(progressLine(document))}**`,
    '',
    ...states,
    '',
    `Run ${codeSpan(workflowId, 600)}, attempt ${request.attempt}${delivery}.`,
  ];
}
