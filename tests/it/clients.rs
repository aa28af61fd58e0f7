//! Clients that others wrote, from the registries, against the program. `scripts/clients` installs them.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Up, folder};

/// Set where a missing client is a failure.
const REQUIRED: &str = "ANNALS_CLIENTS";

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Whether the clients are there; says what to install when they are not, and fails where they must be.
pub(crate) fn are_installed(what: &str, file: &str) -> bool {
    if clients().join(file).exists() {
        return true;
    }
    let message = format!("{what} is not tested: run scripts/clients, which says what to install");
    #[expect(
        clippy::disallowed_methods,
        reason = "CI tells by it that nothing may be left out"
    )]
    let required = std::env::var_os(REQUIRED);
    assert!(required.is_none(), "{message}");
    eprintln!("{message}");
    false
}

/// The text of a PDF as somebody else's reader finds it; nothing, where that reader is not installed.
pub(crate) fn pdf_text(file: &Path) -> Option<String> {
    if !are_installed("PDF by pypdf", ".venv/bin/python") {
        return None;
    }
    let output = Command::new(clients().join(".venv/bin/python"))
        .arg(clients().join("pdf_text.py"))
        .arg(file)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A running program with a tenant, and a key that opens everything in it.
fn tenant(up: &Up) -> String {
    up.provision("shop");
    let document = "mutation { issueApiKey(input: { id: \"clients\", name: \"clients\", \
                    scopes: [READ, WRITE, INGEST, ADMIN] }) { token } }";
    let data = up.ask(Some("shop"), document);
    data["issueApiKey"]["token"].as_str().unwrap().to_owned()
}

/// Runs a script against the program; its output is the failure's text.
fn run(program: &Path, script: &str) {
    let data = folder();
    let up = Up::start(data.path());
    let token = tenant(&up);
    let output = Command::new(program)
        .current_dir(clients())
        .args([script, &format!("http://{}/graphql", up.address), &token])
        .output()
        .unwrap_or_else(|error| panic!("{} can't be run: {error}", program.display()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{script} failed:\n{}\n{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    println!("{}", text(&output.stdout));
}

/// Runs a script for Node, if its packages are there.
fn node(what: &str, script: &str) {
    if are_installed(what, "node_modules/graphql/package.json") {
        run(Path::new("node"), script);
    }
}

#[test]
fn the_61_audits_of_graphql_over_http_pass() {
    node("GraphQL over HTTP by graphql-http", "http_audits.js");
}

#[test]
fn the_asyncapi_parser_has_nothing_to_say_about_the_public_events() {
    if !are_installed(
        "docs/events/asyncapi.json by @asyncapi/parser",
        "node_modules/@asyncapi/parser/package.json",
    ) {
        return;
    }
    let output = Command::new("node")
        .current_dir(clients())
        .args(["asyncapi.js", "../../docs/events/asyncapi.json"])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[test]
fn graphql_ws_asks_changes_and_follows() {
    node("graphql-ws", "graphql_ws.js");
}

#[test]
fn graphql_sse_asks_changes_and_follows() {
    node("graphql-sse", "graphql_sse.js");
}

#[test]
fn an_event_source_goes_on_where_it_broke_off() {
    node("EventSource", "event_source.js");
}

#[test]
fn apollo_client_asks_changes_and_follows() {
    node("@apollo/client", "apollo.js");
}

#[test]
fn urql_asks_changes_and_follows() {
    node("@urql/core", "urql.js");
}

#[test]
fn duckdb_and_pandas_read_an_export() {
    if are_installed("DuckDB and pandas", ".venv/bin/python") {
        run(&clients().join(".venv/bin/python"), "export.py");
    }
}

#[test]
fn joses_tokens_open_the_gateway_over_tls() {
    if !are_installed("jose", "node_modules/jose/package.json") {
        return;
    }
    // Whoever gets this port next is the provider: the program asks it when the first token comes.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let issuer = format!("http://127.0.0.1:{port}");
    let fixture = |name: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        file.to_str().unwrap().to_owned()
    };
    let (certificate, key) = (fixture("localhost.pem"), fixture("localhost.key.pem"));
    let data = folder();
    let settings = [
        "--jwt-issuer",
        &issuer,
        "--jwks-url",
        &format!("{issuer}/jwks"),
        "--jwt-audience",
        "annals",
        "--jwt-tenant-claim",
        "organization",
        "--jwt-roles-claim",
        "realm_access.roles",
        "--jwt-roles",
        "clerk=member,analyst=analyst,auditor=auditor",
        "--tls-certificate",
        &certificate,
        "--tls-key",
        &key,
    ];
    let up = Up::start_with(data.path(), &settings);
    let output = Command::new("node")
        .current_dir(clients())
        .env("NODE_EXTRA_CA_CERTS", &certificate)
        .args([
            "jose.js",
            &format!("https://{}/graphql", up.address),
            &up.admin_token,
            &issuer,
            &certificate,
        ])
        .output()
        .unwrap();
    let (told, failed) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{told}{failed}");
    let health = |settings: &[&str]| {
        let program = Command::new(env!("CARGO_BIN_EXE_annals-program"))
            .args(["health", "--listen", &up.address])
            .args(settings)
            .output();
        program.unwrap().status.success()
    };
    assert!(health(&settings[12..]), "it trusts its own certificate");
    assert!(!health(&[]), "there is no HTTP without TLS");
    let (other, other_key) = (fixture("other.pem"), fixture("other.key.pem"));
    assert!(
        !health(&["--tls-certificate", &other, "--tls-key", &other_key]),
        "and no other"
    );
}

#[test]
fn pythons_gql_asks_changes_and_follows() {
    if are_installed("Python's gql", ".venv/bin/python") {
        run(&clients().join(".venv/bin/python"), "python_gql.py");
    }
}

#[test]
fn schemathesis_finds_no_5xx() {
    if are_installed("schemathesis", ".venv/bin/st") {
        run(&clients().join(".venv/bin/python"), "schemathesis_run.py");
    }
}

#[test]
fn an_agent_under_opentelemetrys_python_sdk_reports_itself() {
    if are_installed("OpenTelemetry's Python SDK", ".venv/bin/python") {
        run(&clients().join(".venv/bin/python"), "otel_agent.py");
    }
}

/// What the normaliser of tokens is tested with is what genai-prices says today.
#[test]
fn genai_prices_reads_out_of_answers_what_is_expected_of_us() {
    if !are_installed("genai-prices", ".venv/bin/python") {
        return;
    }
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ingest/src/telemetry/fixtures/usage.json");
    let output = Command::new(clients().join(".venv/bin/python"))
        .current_dir(clients())
        .arg("genai_prices_usage.py")
        .stdin(File::open(&cases).unwrap())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told, fs::read_to_string(cases).unwrap(), "{complaint}");
}
