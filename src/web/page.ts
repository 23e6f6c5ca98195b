/** What the service answers to a GET. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}
