# One image for every role: SERVICES says which services a container runs. Node strips the types by itself, so nothing is built.
FROM node:24.21.0-bookworm-slim AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional are the servers and the Node of a development machine; no dependency needs its install script.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PROBE_PORT=3001 \
    EVENTIX_HOME=/var/lib/eventix
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/eventix
WORKDIR /app
COPY --from=modules /app/node_modules node_modules
COPY . .
# By number: Kubernetes cannot tell of a name that it is not root.
USER 1000:1000
EXPOSE 3000 3001
# Alive, not ready: where an unhealthy container is restarted, a database that is away must not restart all of them.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "docker/healthcheck.ts", "live"]
CMD ["node", "--max-semi-space-size=64", "--heap-growing-percent=300", "broker/node.ts"]
