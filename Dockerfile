# One image for every process: the API by default, `node dist/worker.js` or `node dist/simulator/server.js` by command.
# The base is Debian, not Alpine: Temporal's native core is built for glibc.

# --- everything that building takes, and none of it below
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/
COPY src/ src/
RUN node scripts/build.mjs

# --- what runs in production; the native core comes for five platforms, of which one is this one (29 MB of 138), and PGlite
# (27 MB) is for `npm start` alone: what runs here keeps its store in PostgreSQL
FROM node:20.20.2-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
RUN find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
      ! -name "$(node -p 'require("@temporalio/core-bridge/common").getPrebuiltTargetName()')" -exec rm -r {} + \
  && rm -r node_modules/@electric-sql

FROM node:20.20.2-bookworm-slim
# The native core trusts the system's authorities, not Node's own list: without them it cannot reach Temporal Cloud.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /data
ENV NODE_ENV=production PENSTOCK_DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules/
COPY --from=build /build/dist dist/
COPY package.json ./
USER node
EXPOSE 3000
# Of the API, which alone has a port to ask at; other commands switch it off.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# No shell in between: SIGTERM must reach node, which finishes what is under way.
CMD ["node", "dist/api-server.js"]
