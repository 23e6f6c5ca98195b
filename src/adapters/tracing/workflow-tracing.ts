/**
 * The module with which workflows are traced, by name; apart from `tracing.ts`, which loads OpenTelemetry. It is bundled with
 * the workflows of a worker that is traced, and of no other: each workflow evaluates it anew.
 */
export const WORKFLOW_TRACING = '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors';
