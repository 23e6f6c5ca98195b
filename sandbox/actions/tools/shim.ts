/**
 * The program that stands on the PATH of scripts in the place of a tool: it hands its call to the sandbox, over loopback. It is
 * written for bash, which every stage file needs anyway, so that it starts within milliseconds and runs as any user.
 */
export const SHIM = `#!/usr/bin/env bash
# Calls the sandbox's double of this tool. SANDBOX_TOOLS: port and ticket.
set -u
read -r port ticket <<< "$SANDBOX_TOOLS"
plain() { base64 | tr -d '\\n'; printf '\\n'; }
exec 3<>"/dev/tcp/127.0.0.1/$port"
{
  printf '%s %s %s\\n' "$ticket" "\${0##*/}" "$#"
  printf '%s' "$PWD" | plain
  env -0 | plain
  for arg in "$@"; do printf '%s' "$arg" | plain; done
  if [ "\${SANDBOX_STDIN:-}" = yes ]; then plain; else printf '\\n'; fi
} >&3
IFS= read -r code <&3
IFS= read -r out <&3
IFS= read -r err <&3
printf '%s' "$out" | base64 -d
printf '%s' "$err" | base64 -d >&2
exit "$code"
`;
