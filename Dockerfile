# syntax=docker/dockerfile:1

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# The image has the toolchain that rust-toolchain.toml names; clippy and rustfmt are of no use here.
ENV RUSTUP_TOOLCHAIN=1.95.0
# librdkafka is built from its source, with OpenSSL.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl-dev make pkg-config \
    && rm -rf /var/lib/apt/lists/*
COPY . .
# The caches stay on the build host, so that a change of ours does not compile the dependencies again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package annals \
    && install -D target/release/annals /out/annals

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/annals --shell /usr/sbin/nologin annals \
    && install -d -o annals -g annals -m 0750 /var/lib/annals
COPY --from=build /out/annals /usr/local/bin/annals
USER 10001:10001
WORKDIR /var/lib/annals
EXPOSE 8080
# Every role answers /readyz; the program asks for itself, so that the image needs no curl.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --start-interval=1s --retries=3 \
    CMD ["annals", "health"]
# Ctrl-C and `docker stop` let the requests in flight end.
STOPSIGNAL SIGTERM
ENTRYPOINT ["annals"]
CMD ["serve", "--role", "api", "--role", "projector", "--role", "ingest"]
