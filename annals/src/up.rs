//! `annals up`: everything in one process.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::ambient;
use crate::cli::Role;
use crate::config::{Mode, Settings};
use crate::demo::{self, Demo};
use crate::embedded::{Database, admin_token};
use crate::relay_config::GivenRelay;
use crate::rooms::Rooms;
use crate::serve::{bind, stop_signal};

/// How long the first look waits for the read models to have seen the demo.
const CATCH_UP: Duration = Duration::from_secs(30);

/// What the log is to hold at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// What it holds.
    AsItIs,
    /// The demo's two tenants besides.
    Demo,
}

/// Runs every role until Ctrl-C or SIGTERM, with demo data if asked.
///
/// # Errors
/// When there is no PostgreSQL, or the address or the data folder is not to be had: with what to do.
pub async fn run(settings: &Settings, data: Data) -> anyhow::Result<()> {
    let settings = Settings {
        mode: settings.mode.or(Some(Mode::Development)),
        relay: settings.relay.clone().or(GivenRelay {
            kafka_create_topics: Some(true),
            ..GivenRelay::default()
        }),
        ..settings.clone()
    };
    let listener = bind(&settings).await?;
    let address = listener.local_addr()?;
    say(&format!("Annals {}: starting", env!("CARGO_PKG_VERSION")));
    let database = Database::open(&settings).await?;
    let token = admin_token(&settings)?;
    let mut roles = vec![
        Role::Api,
        Role::Projector,
        Role::Ingest,
        Role::Sealer,
        Role::Webhooks,
    ];
    if settings.relay.is_given() {
        roles.push(Role::Relay);
    }
    let rooms = Rooms::open(&database.url, ambient::system(), &settings, Some(&token), &roles).await?;
    let (store, reader) = (rooms.store.clone(), rooms.reader.clone());

    // The signals end the server; so does a demo that fails.
    let stop = stop_signal()?;
    let (fail, failed) = oneshot::channel::<()>();
    let server = tokio::spawn(rooms.serve(listener, async move {
        tokio::select! {
            () = stop => {}
            Ok(()) = failed => {}
        }
    }));
    let origin = settings.access.origin(address);
    say(&format!("Listening on {origin}"));
    let told = if data == Data::Demo {
        let filled = demo::fill(&store, &token, &progress).await;
        let head = store.log().head().await.unwrap_or_default();
        drop(reader.wait_for(head, CATCH_UP).await);
        filled.map(|demo| introduce_demo(&origin, &demo))
    } else {
        Ok(())
    };
    drop((store, reader));
    match told {
        Ok(()) => introduce(&origin, &token),
        Err(_) => drop(fail.send(())),
    }
    server.await?;
    database.close().await?;
    say("Stopped.");
    told
}

/// Says a line to whoever started the program, who may have stopped listening.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

fn progress(tenant: &str, added: u64) {
    match added {
        0 if io::stdout().is_terminal() => {
            print!("Demo: {tenant} ...\r");
            drop(io::stdout().flush());
        }
        0 => {}
        added => say(&format!("Demo: {tenant}: {added} events")),
    }
}

fn introduce(origin: &str, admin_token: &str) {
    say(&format!(
        "\n  GraphQL and GraphiQL  {origin}/graphql\n  events over HTTP      {origin}/v1/events\n  \
         health, metrics       {origin}/readyz  {origin}/metrics\n  platform admin token  {admin_token}\n\n\
         Ctrl-C stops."
    ));
}

fn introduce_demo(origin: &str, demo: &Demo) {
    if demo.added == 0 {
        say("Demo: the data was there already; nothing was added.");
    }
    for tenant in &demo.tenants {
        say(&format!(
            "  tenant {:<8} {}  token {}",
            tenant.slug, tenant.id, tenant.token
        ));
    }
    let Some(tenant) = demo.tenants.first() else {
        return;
    };
    say("\nThree queries to paste:");
    for query in QUERIES {
        say(&format!(
            "\n  curl -s {origin}/graphql -H 'Authorization: Bearer {}' \\\n    -H 'Content-Type: application/json' -d '{{\"query\":\"{query}\"}}'",
            tenant.token
        ));
    }
}

/// What did it earn, who did what, what does it cost.
const QUERIES: [&str; 3] = [
    "{ roiSummary(first: 12) { nodes { month vertical leadsCaptured leadsConverted opportunitiesWon wonValue { amount currency } } } }",
    "{ auditFeed(last: 5) { nodes { occurredAt actorKind actorId action entityType entityId } } }",
    "{ usage { totals { meter unit quantity } } }",
];
