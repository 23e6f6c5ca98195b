/** Takes out of text what looks like a secret, before the text is logged, kept or shown. */

/**
 * GitHub's tokens in all their forms, bearer headers, PEM keys, and cloud and registry keys that logs are known to leak.
 * Source: "GitHub's token formats", https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
 */
const SECRET =
  /gh[pousr]_[A-Za-z0-9_.-]{16,}|github_pat_[A-Za-z0-9_]{16,}|(?<=[Bb]earer )[A-Za-z0-9._~+/-]{16,}=*|sk-ant-[A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{16}|npm_[A-Za-z0-9]{30,}|dckr_pat_[A-Za-z0-9_-]{16,}|-----BEGIN[^-]*PRIVATE KEY-----[\s\S]*?(-----END[^-]*PRIVATE KEY-----|$)/g;

export const REDACTED = '[redacted]';

export const redact = (text: string): string => text.replace(SECRET, REDACTED);
