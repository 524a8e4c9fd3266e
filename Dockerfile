# The dashboard, the program, and a small image to run both in.
FROM node:22-bookworm-slim AS dashboard
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci
COPY frontend ./
COPY api/openapi.json ../api/openapi.json
RUN npm run build

FROM rust:1.95-bookworm AS program
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY domain domain
COPY application application
COPY infrastructure infrastructure
COPY projections projections
COPY migrations migrations
COPY api api
COPY --from=dashboard /src/frontend/dist frontend/dist
RUN cargo build --release --locked --bin agentcores

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/agentcores --create-home agentcores
COPY --from=program /src/target/release/agentcores /usr/local/bin/agentcores
USER agentcores
WORKDIR /var/lib/agentcores
ENV AGENTCORES_LISTEN=0.0.0.0:8000
EXPOSE 8000
VOLUME /var/lib/agentcores
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD curl --fail --silent http://127.0.0.1:8000/health/ready
ENTRYPOINT ["agentcores"]
CMD ["serve"]
