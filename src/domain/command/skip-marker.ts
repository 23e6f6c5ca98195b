/** What in a commit's message asks for no run: GitHub's own words for it. Source: docs, "Skipping workflow runs". */
const MARKERS = ['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]'] as const;

/** A message may have megabytes; nobody writes a marker beyond this. */
const MAX_MESSAGE = 65_536;

export const skipMarkerIn = (message: string): (typeof MARKERS)[number] | null =>
  MARKERS.find((marker) => message.slice(0, MAX_MESSAGE).includes(marker)) ?? null;
