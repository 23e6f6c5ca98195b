# Both processes: `docker run IMAGE serve` and `docker run IMAGE worker`.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY release release
COPY src src
COPY workflows workflows
COPY activities activities
COPY stages stages
COPY trust trust
# Then what no process loads goes: native libraries of other platforms, types and source maps (410 MB become 150).
RUN npm run build && npm prune --omit=dev --ignore-scripts && node release/slim.ts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
# Node lets garbage lie on a large machine: with these a worker with 300 open runs stays under 512 MB (docs/benchmarks.md).
ENV NODE_OPTIONS="--max-old-space-size=256 --max-semi-space-size=4"
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# Apart from the webhooks, for both processes: figures, and whether they live.
ENV METRICS_PORT=9464 METRICS_HOST=0.0.0.0
EXPOSE 3000 9464
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
USER node
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
