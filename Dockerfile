# One recipe for every program. What a container runs, and with which rights, is its command's to say:
# see compose.yaml. Nothing is built: sources and packages are brought together, and packages only once.

ARG DENO_IMAGE=denoland/deno:2.9.6
ARG RUNTIME_IMAGE=denoland/deno:distroless-2.9.6

FROM ${DENO_IMAGE} AS packages
WORKDIR /app
ENV DENO_DIR=/deno-dir
COPY deno.json deno.lock import_map.json ./
COPY certs/deno.json certs/
COPY gateway/deno.json gateway/
COPY platform/deno.json platform/
COPY services/auth/deno.json services/auth/
COPY services/orders/deno.json services/orders/
COPY services/payment/deno.json services/payment/
COPY services/psp/deno.json services/psp/
COPY tests/deno.json tests/
COPY tools/deno.json tools/
RUN deno install --frozen

FROM packages AS programs
COPY certs certs
COPY deploy deploy
COPY platform platform
COPY services services
COPY gateway gateway
COPY tools tools
# A program that starts for the first time finds everything there: its root is read-only, and it may
# reach no registry.
RUN deno cache --frozen gateway/main.ts gateway/workers/main.ts services/*/main.ts services/auth/adapters/password_worker.ts tools/compose/*.ts

# Where volumes are mounted: a new one takes over the owner that it finds here.
RUN for name in gateway auth payment orders psp prometheus consul operator \
      mongodb dynamodb postgres redis keycloak elasticsearch logstash kibana grafana; do \
      mkdir -p "/volumes/for/$name" "/volumes/data/$name"; \
    done && mkdir -p /volumes/all

FROM ${RUNTIME_IMAGE}
WORKDIR /app
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1 NO_COLOR=1
COPY --from=programs /deno-dir /deno-dir
COPY --from=programs /app /app
COPY --from=programs --chown=10001:10001 /volumes /setup
USER 10001:10001
ENTRYPOINT ["deno", "run", "--cached-only", "--frozen", "--no-prompt", "--quiet"]
