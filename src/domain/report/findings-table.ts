/** Vulnerabilities at or over a threshold, as a table: the same on the check run and in an issue. */
import { findingsAtOrOver, isAtOrOver, type ScanResult } from '../scan/scan-result.ts';
import type { SeverityThreshold } from '../settings/presets.ts';
import { codeSpan } from './plain-text.ts';

export function findingsTable({ counts, worst }: ScanResult, threshold: SeverityThreshold): string[] {
  const rows = worst.filter(({ severity }) => isAtOrOver(severity, threshold)).map(row);
  const left = findingsAtOrOver(counts, threshold) - rows.length;
  return [
    '| finding | package | fixed in | |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(left > 0 ? ['', `${left} more are in the scan's report.`] : []),
  ];
}

function row(each: ScanResult['worst'][number]): string {
  const where = each.location === null ? '' : ` (${codeSpan(each.location)})`;
  const fixed = each.fixedIn === null ? 'no fix yet' : codeSpan(each.fixedIn);
  const link = each.url === null ? '' : `[advisory](${each.url})`;
  return `| ${codeSpan(each.id)}, ${each.severity} | ${codeSpan(`${each.package} ${each.version}`)}${where} | ${fixed} | ${link} |`;
}
