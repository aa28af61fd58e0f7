.DEFAULT_GOAL := help
.PHONY: help run test chaos bench check format lint deny compose generated schema events prepare

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start everything on this machine, with demo data.
	@scripts/postgres
	cargo run --package annals -- up --demo

test: ## Run all tests; each has a database of its own.
	@scripts/postgres
	@scripts/clients
	@scripts/kafka
	cargo test --workspace
	@scripts/kafka --tell

chaos: ## Kill writers, projectors, gateways, relays and PostgreSQL; SECONDS=300, TRIALS=1000, KILLS=300, STORIES=300 and SEED=1 may be set.
	@scripts/postgres
	@scripts/kafka
	ANNALS_CHAOS_SECONDS=$(or $(SECONDS),300) ANNALS_CHAOS_SEED=$(or $(SEED),20260301) \
	cargo test --package tests -- chaos failover --nocapture
	ANNALS_KILL_TRIALS=$(or $(TRIALS),1000) ANNALS_CHAOS_SEED=$(or $(SEED),20260301) \
	cargo test --package tests -- live_killed --nocapture
	ANNALS_RELAY_KILLS=$(or $(KILLS),300) ANNALS_CHAOS_SEED=$(or $(SEED),20260301) \
	cargo test --package tests -- kafka::killed --nocapture
	ANNALS_STORIES=$(or $(STORIES),300) ANNALS_CHAOS_SEED=$(or $(SEED),20260301) \
	cargo test --package tests -- billing::agreement --nocapture

bench: ## Measure the log beside its peers; benches/README.md has the last results.
	@scripts/postgres
	@scripts/kafka
	@scripts/bench-peers
	cargo build --release --package annals
	cargo run --release --package benches

check: format lint deny compose generated schema events ## Check form, lints, dependencies and generated files.

format: ## Check the formatting.
	cargo fmt --all --check

lint: ## Check the code; warnings are errors.
	cargo clippy --workspace --all-targets -- --deny warnings

deny: ## Check the dependencies' licences, sources and advisories, if cargo-deny is installed.
	@if command -v cargo-deny >/dev/null; then cargo deny check; \
	else echo "The dependencies are not checked: cargo-deny is missing (cargo install --locked cargo-deny)."; fi

compose: ## Check compose.yml, if Docker Compose is installed.
	@if docker compose version >/dev/null 2>&1; then docker compose config --quiet; \
	else echo "compose.yml is not checked: Docker Compose is missing."; fi

schema: ## Check the form of schema.graphql, and that nothing breaks clients unnoticed, if Node is installed.
	@scripts/check-schema

events: ## Check that nothing breaks readers of the public events unnoticed.
	@scripts/check-events

generated: ## Check that the generated files are fresh.
	@scripts/postgres
	scripts/check-generated

prepare: ## Renew the generated files after a change of a query, a migration or the API.
	@scripts/postgres
	scripts/sqlx-prepare
	cargo run --quiet --package annals -- schema >schema.graphql.new
	mv schema.graphql.new schema.graphql
	cargo run --quiet --package annals -- events describe --to docs/events
