/**
 * Converts a SARIF artifact location to the file's path from the repository's root.
 *
 * Sources: SARIF 2.1.0, 3.4.3 (a URI reference: blanks and letters beyond ASCII are escaped); MegaLinter v9.3.0 `utils.py`,
 * `LIST_OF_REPLACEMENTS`, which cuts its workspace out of the text, so that `file:///github/workspace/src/a.js` arrives as
 * `file://src/a.js`.
 */

/** The repository's path inside MegaLinter's container. */
const WORKSPACES = /^\/?(?:github\/workspace|tmp\/lint)\//;

export function artifactPath(uri: string): string {
  const path = unescaped(uri.replace(/^file:(?:\/\/(?:localhost(?=\/))?)?/i, ''));
  return path.replace(WORKSPACES, '').replace(/^(?:\.\/)+/, '');
}

/** A bare `%` that escapes nothing stays what it is, and so does the whole where the bytes are no UTF-8. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll(/%(?![0-9A-Fa-f]{2})/g, '%25'));
  } catch {
    return text;
  }
}
