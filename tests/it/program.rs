//! The program as a person runs it: started, asked, killed, started again.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

/// A running `annals up`.
pub(crate) struct Up {
    child: Child,
    pub(crate) address: String,
    pub(crate) admin_token: String,
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Up {
    pub(crate) fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, &[])
    }

    /// Starts it with settings besides.
    pub(crate) fn start_with(data_dir: &Path, settings: &[&str]) -> Self {
        Self::start_in(data_dir, settings, &[])
    }

    /// Starts it with settings and variables besides.
    pub(crate) fn start_in(data_dir: &Path, settings: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["up", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .args(settings)
            // Where events are counted, nobody's means are among them, unless a test asks for them.
            .env("ANNALS_MEANS_SECONDS", "0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut address, mut admin_token) = (String::new(), String::new());
        for line in BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
        {
            if let Some(rest) = line.strip_prefix("Listening on ") {
                let (_, rest) = rest.split_once("://").unwrap();
                rest.clone_into(&mut address);
            }
            if let Some(token) = line.trim().strip_prefix("platform admin token") {
                token.trim().clone_into(&mut admin_token);
                break;
            }
        }
        assert!(!admin_token.is_empty(), "annals up ended before it was ready");
        Self {
            child,
            address,
            admin_token,
        }
    }

    pub(crate) fn signal(&mut self, signal: &str) -> i32 {
        Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    pub(crate) fn ask(&self, tenant: Option<&str>, query: &str) -> Value {
        let answer = self.try_ask(tenant, query).unwrap();
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].clone()
    }

    /// The whole answer, with its errors.
    pub(crate) fn answer(&self, tenant: Option<&str>, query: &str) -> Value {
        self.try_ask(tenant, query).unwrap()
    }

    /// The whole answer to whoever has this token.
    pub(crate) fn ask_as(&self, token: &str, query: &str) -> Value {
        self.send(token, "", query).unwrap()
    }

    fn try_ask(&self, tenant: Option<&str>, query: &str) -> Option<Value> {
        let tenant = tenant.map(|tenant| format!("X-Annals-Tenant: {tenant}\r\n"));
        self.send(&self.admin_token, &tenant.unwrap_or_default(), query)
    }

    fn send(&self, token: &str, tenant: &str, query: &str) -> Option<Value> {
        let body = json!({ "query": query }).to_string();
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let head = format!(
            "POST /graphql HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{tenant}Content-Type: \
             application/json\r\nContent-Length: {}\r\n\r\n",
            token,
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    pub(crate) fn provision(&self, slug: &str) {
        self.ask(
            None,
            &format!(
                "mutation {{ provisionTenant(input: {{slug: \"{slug}\", settings: {{name: \"Shop\", timeZone: \
                 \"Europe/Berlin\", currency: \"USD\"}}}}) {{ userErrors {{ message }} }} }}"
            ),
        );
    }

    /// Won, lost, open and the won value, over all months.
    fn results(&self, tenant: &str) -> (i64, i64, i64, String) {
        let query =
            "{ roiSummary(first: 100) { nodes { opportunitiesWon opportunitiesLost wonValue { amount }
                openByStage { open } } } }";
        let data = self.ask(Some(tenant), query);
        let months = data["roiSummary"]["nodes"].as_array().unwrap();
        let sum = |field: &str| months.iter().map(|month| month[field].as_i64().unwrap()).sum();
        let listed = |month: &Value, list: &str| month[list].as_array().unwrap().clone();
        let open = months
            .iter()
            .flat_map(|month| listed(month, "openByStage"))
            .map(|stage| stage["open"].as_i64().unwrap());
        let won = months.iter().flat_map(|month| listed(month, "wonValue"));
        let value: rust_decimal::Decimal = won
            .map(|money| {
                money["amount"]
                    .as_str()
                    .unwrap()
                    .parse::<rust_decimal::Decimal>()
                    .unwrap()
            })
            .sum();
        (
            sum("opportunitiesWon"),
            sum("opportunitiesLost"),
            open.sum(),
            value.normalize().to_string(),
        )
    }
}

/// A folder in which a server that root starts may lie.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("annals-program")
        .tempdir()
        .unwrap()
}

const MAPPING: &str = r#"
source = "shop-export"

[record]
id = "id"

[[command]]
type = "opportunity.open"
id = { column = "id" }
occurred_at = { column = "opened", format = "%Y-%m-%d", zone = "Europe/Berlin" }

[command.fields]
title = { column = "id" }
stage = { constant = "engaging" }
vertical = { constant = "sales" }

[[command]]
type = "opportunity.win"
id = { column = "id" }
when = { column = "stage", equals = "Won" }
occurred_at = { column = "closed", format = "%Y-%m-%d", zone = "Europe/Berlin" }

[command.fields]
value = { column = "value", type = "money", currency = "USD" }

[[command]]
type = "opportunity.lose"
id = { column = "id" }
when = { column = "stage", equals = "Lost" }
occurred_at = { column = "closed", format = "%Y-%m-%d", zone = "Europe/Berlin" }

[command.fields]
reason = { constant = "not stated" }
"#;

const ROWS: i64 = 4_000;

fn write_files(folder: &Path) {
    let mut csv = String::from("id,stage,opened,closed,value\n");
    for number in 0..ROWS {
        let stage = ["Won", "Lost", "Open"][usize::try_from(number % 3).unwrap()];
        writeln!(
            csv,
            "O{number},{stage},2025-0{}-15,2025-08-0{},{}.25",
            1 + number % 6,
            1 + number % 9,
            number
        )
        .unwrap();
    }
    std::fs::write(folder.join("shop.csv"), csv).unwrap();
    std::fs::write(folder.join("shop.toml"), MAPPING).unwrap();
}

fn import(data_dir: &Path, files: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg("import")
        .arg(files.join("shop.csv"))
        .arg("--mapping")
        .arg(files.join("shop.toml"));
    command.args(["--tenant", "shop", "--data-dir"]).arg(data_dir);
    command
}

fn text(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_kill_in_the_middle_of_an_import_and_the_same_import_again_end_in_the_same_numbers() {
    let (data_dir, files) = (folder(), folder());
    write_files(files.path());
    let mut up = Up::start(data_dir.path());
    up.provision("shop");

    // The import is killed once some of it is in the log, and the program with it.
    let mut importing = import(data_dir.path(), files.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    loop {
        let (won, lost, open, _) = up.results("shop");
        if won + lost + open > 300 {
            break;
        }
        if importing.try_wait().unwrap().is_some() {
            break;
        }
    }
    importing.kill().unwrap();
    importing.wait().unwrap();
    up.signal("-KILL");

    // The server that the killed program left running is taken over.
    let mut up = Up::start(data_dir.path());
    let again = text(&import(data_dir.path(), files.path()).output().unwrap());
    let number = |word: &str| -> i64 {
        let before = again.split(word).next().unwrap().trim();
        before.rsplit([' ', '\n']).next().unwrap().parse().unwrap()
    };
    assert_eq!(number("recorded") + number("known"), ROWS, "{again}");
    let third = text(&import(data_dir.path(), files.path()).output().unwrap());
    assert!(
        third.starts_with(&format!("0 recorded, {ROWS} known, 0 rejected")),
        "{third}"
    );

    // Every third row is won: 0.25 + 3.25 + 6.25 + ... + 3999.25.
    let wanted = (1_334, 1_333, 1_333, "2667666.5".to_owned());
    let mut results = up.results("shop");
    for _ in 0..500 {
        if results == wanted {
            break;
        }
        results = up.results("shop");
    }
    assert_eq!(results, wanted);
    assert_eq!(up.signal("-TERM"), 0, "SIGTERM ends it in order");
}

#[test]
fn the_demo_fills_two_tenants_once() {
    let data_dir = folder();
    let says = |wanted: &str| {
        let mut child = Command::new(PROGRAM)
            .args(["up", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
        {
            said.push_str(&line);
            said.push('\n');
            if line.contains("Ctrl-C stops") {
                break;
            }
        }
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(child.wait().unwrap().success());
        assert!(said.contains(wanted), "{said}");
        said
    };
    let first = says("Demo: Acme Machine Tools: ");
    let second = says("nothing was added");
    let tokens = |said: &str| -> Vec<String> {
        let lines = said
            .lines()
            .filter(|line| line.trim_start().starts_with("tenant "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(tokens(&first).len(), 2);
    assert_eq!(tokens(&first), tokens(&second), "the tokens stay the same");
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let folder = folder();
    let fails = |arguments: &[&str]| {
        let output = Command::new(PROGRAM)
            .args(arguments)
            .arg("--data-dir")
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let unknown = fails(&["log", "tail", "--tenant", "nobody"]);
    assert!(unknown.contains("there is no tenant \"nobody\""), "{unknown}");
    let no_url = fails(&["serve", "--role", "api"]);
    assert!(no_url.contains("--database-url"), "{no_url}");
    let no_file = fails(&[
        "import",
        "missing.csv",
        "--mapping",
        "missing.toml",
        "--tenant",
        "shop",
    ]);
    assert!(no_file.contains("missing.toml"), "{no_file}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = fails(&["up", "--listen", &taken.local_addr().unwrap().to_string()]);
    assert!(taken.contains("--listen"), "{taken}");
}
