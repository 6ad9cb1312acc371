# syntax=docker/dockerfile:1
# Debian and not Alpine: the embedded PostgreSQL needs glibc.

FROM node:26.10.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Without scripts: `prepare` would build before the sources are there.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json prisma.config.ts LICENSE ./
COPY prisma prisma
COPY policies policies
COPY deploy/abort-controller.ts deploy/bundle.ts deploy/licenses.ts deploy/
COPY src src
RUN npm run bundle
# Only the embedded PostgreSQL remains: everything else is in the bundle. npm leaves empty directories.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund && find node_modules -type d -empty -delete
# Runs the script that `npm ci` left out: it links the libraries of the embedded PostgreSQL.
RUN npm rebuild
# A new volume takes its owner from here.
RUN install -d -o 1000 -g 1000 -m 0700 /data

# Without the embedded PostgreSQL, for DATABASE_URL: `docker build --target usher-slim`.
FROM node:26.10.0-bookworm-slim AS usher-slim
LABEL org.opencontainers.image.title="Usher" \
      org.opencontainers.image.description="Decides who may enter a real-time channel, and has only those subscriptions signed." \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY package.json LICENSE ./
COPY prisma/migrations prisma/migrations
COPY pages pages
COPY policies policies
COPY --from=build /app/dist dist
COPY deploy/live.mjs deploy/
COPY --from=build --chown=1000:1000 /data /data
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "deploy/live.mjs"]
# Node itself is process 1: it gets SIGTERM, and leaves no child behind that an init would have to reap.
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]

FROM usher-slim AS usher
COPY --from=build /app/node_modules node_modules
