/** OpenTelemetry traces through Temporal: from a webhook's hand-over to the last activity of its run, by OTLP over HTTP. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import type { OpenTelemetrySinks } from '@temporalio/interceptors-opentelemetry/lib/workflow/definitions.js';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';

export interface Tracing {
  readonly clientInterceptors: readonly WorkflowClientInterceptor[];
  readonly activityInterceptors: ActivityInterceptorsFactory;
  /** Where workflows, which may not speak to the network, leave their spans. */
  readonly sinks: InjectedSinks<OpenTelemetrySinks>;
  /** Sends what is left. */
  stop(): Promise<void>;
}

export interface TracingOptions {
  /** Of the collector, without `/v1/traces`. */
  readonly endpoint: string;
  readonly version: string;
}

/** Once a process: the context that spans are children in is the process's own. */
export function startTracing({ endpoint, version }: TracingOptions): Tracing {
  const resource = new Resource({ 'service.name': 'slsa-pipeline', 'service.version': version });
  const processor = new BatchSpanProcessor(
    new OTLPTraceExporter({ url: new URL('v1/traces', withSlash(endpoint)).href }),
  );
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] });
  provider.register();
  return {
    clientInterceptors: [new OpenTelemetryWorkflowClientInterceptor()],
    activityInterceptors: (context) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(context) }),
    sinks: { exporter: makeWorkflowExporter(processor, resource) },
    stop: () => provider.shutdown(),
  };
}

const withSlash = (address: string): string => (address.endsWith('/') ? address : `${address}/`);
