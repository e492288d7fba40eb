# Builds the one binary and runs it as nobody, on a root file system that may be read-only (data in /data).
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN useradd --uid 10001 --no-create-home loggia && mkdir /data /tenants && chown loggia /data
COPY --from=build /src/target/release/loggia /usr/local/bin/loggia
USER 10001
VOLUME ["/data"]
ENV LOGGIA_DATA_DIR=/data LOGGIA_TENANTS_DIR=/tenants LOGGIA_LISTEN=0.0.0.0:8080 LOGGIA_INTERNAL_LISTEN=0.0.0.0:8081
EXPOSE 8080 8081
ENTRYPOINT ["loggia"]
CMD ["serve"]
