//! `annals verify`: a file, held against a public key, without a database.

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::{Context as _, bail};
use store::{Proven, Trusted, VerifierKey};

use super::args::VerifyArgs;
use crate::output::say;

/// Runs `annals verify`.
///
/// # Errors
/// When the file proves nothing: with what is wrong, and where.
pub fn verify(args: &VerifyArgs) -> anyhow::Result<()> {
    let trusted = trusted(&args.keys)?.witnessed_by(witnesses(&args.witnesses)?);
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let proven =
        store::verify_file(&args.file, &trusted, threads).with_context(|| args.file.display().to_string())?;
    match proven {
        Proven::Export {
            checkpoint,
            after,
            upto,
            events,
        } => say!(
            "valid: these {events} events are all of {} after position {after} up to {upto}; signed at {} events",
            checkpoint.origin,
            checkpoint.size
        )?,
        Proven::Event {
            checkpoint,
            position,
            index,
            what,
        } => say!(
            "valid: {what}, position {position}, is event {index} of the {} of {}",
            checkpoint.size,
            checkpoint.origin
        )?,
        Proven::Consistency { from, to } => say!(
            "valid: the {} events of {} are the first of its {}",
            from.size,
            from.origin,
            to.size
        )?,
        Proven::Archive {
            year,
            positions: (first, last),
            events,
            checkpoints,
        } => say!(
            "valid: these {events} events, positions {first} to {last}, are all of {year}, each of them sealed; signed for \
             {} tenants",
            checkpoints.len()
        )?,
        Proven::Erasure(certificate) => say!(
            "valid: {} was erased at position {} ({}): {} keys, {} events of {} streams, {} rows of {} read models{}",
            certificate.subject,
            certificate.position,
            certificate.erased_at,
            certificate.keys.len(),
            certificate
                .streams
                .iter()
                .map(|stream| stream.events)
                .sum::<u64>(),
            certificate.streams.len(),
            certificate
                .read_models
                .iter()
                .map(|model| model.rows)
                .sum::<u64>(),
            certificate.read_models.len(),
            match certificate.in_the_clear.len() {
                0 => String::new(),
                events => format!("; {events} events of before are in the clear in the log"),
            }
        )?,
        Proven::Checkpoint(checkpoint) => {
            say!(
                "valid: a checkpoint of {} at {} events",
                checkpoint.origin,
                checkpoint.size
            )?;
        }
    }
    for witness in trusted.witnesses() {
        say!("cosigned by {}", witness.shown())?;
    }
    Ok(())
}

/// The keys of an installation that are given, as texts or as files of them.
pub(super) fn trusted(given: &[String]) -> anyhow::Result<Trusted> {
    let keys = keys(given, "--key")?;
    if let Some(witness) = keys.iter().find(|key| key.is_witness()) {
        bail!(
            "--key: {} is a witness's key: give it as --witness",
            witness.shown()
        );
    }
    Ok(Trusted::new(keys))
}

/// The keys of witnesses that are given, as texts or as files of them.
pub(super) fn witnesses(given: &[String]) -> anyhow::Result<Vec<VerifierKey>> {
    let keys = keys(given, "--witness")?;
    if let Some(author) = keys.iter().find(|key| !key.is_witness()) {
        bail!(
            "--witness: {} is no witness's key: give it as --key",
            author.shown()
        );
    }
    Ok(keys)
}

fn keys(given: &[String], option: &str) -> anyhow::Result<Vec<VerifierKey>> {
    let mut keys: Vec<VerifierKey> = Vec::new();
    for text in given {
        if let Ok(key) = text.parse() {
            keys.push(key);
            continue;
        }
        if !Path::new(text).exists() {
            bail!("{option} {text:?} is neither a public key (NAME+ID+BASE64) nor a file of them");
        }
        let lines = std::fs::read_to_string(text).with_context(|| text.clone())?;
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            keys.push(line.parse().with_context(|| text.clone())?);
        }
    }
    Ok(keys)
}
