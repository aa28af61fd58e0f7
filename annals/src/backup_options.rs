//! `annals backup-options`: what a backup of the database leaves out, so that it can be kept for long and tells nothing of
//! who is forgotten later.

use crate::output::say;

/// What is not in the log, and is left out all the same: tables, with their schema.
const BESIDE_THE_LOG: [&str; 5] = [
    // Builds of read models, beside the live ones.
    "builds.*",
    // The keys with which the log's personal data opens: their backup is another one, of which only the newest is kept.
    "public.subject_keys",
    "public.vault_head",
    // What webhooks brought, as it came.
    "public.webhook_inbox",
    "public.webhook_mentions",
];

/// Prints the options of `pg_dump`, one a line: the tables of all read models there are, which are filled again from the
/// log, and what lies beside it in the clear.
///
/// # Errors
/// When standard output is closed.
pub fn run() -> anyhow::Result<()> {
    let models = projections::all();
    let models = models.iter().map(|model| format!("public.{}", model.name()));
    let beside = BESIDE_THE_LOG.iter().map(|table| (*table).to_owned());
    for table in models.chain(beside) {
        say!("--exclude-table-data={table}")?;
    }
    Ok(())
}
