/** What GitHub and an installation agree on about webhooks; apart from the server, which loads Probot. */

export const WEBHOOK_PATH = '/api/github/webhooks';

/** A shorter secret can be guessed offline from one captured delivery. */
export const MIN_SECRET_LENGTH = 16;
