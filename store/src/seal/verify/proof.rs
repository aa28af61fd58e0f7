//! Tells what a file is, and verifies what is short.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use zstd::stream::read::Decoder;

use super::answer::{Invalid, Proven};
use super::export::export;
use super::rows::owned;
use crate::archive::ArchiveReader;
use crate::erasure::{Certificate, FIRST_LINE};
use crate::seal::checkpoint::{Checkpoint, Trusted};
use crate::seal::file::{Base64, Consistency, ExportHeader, Extra, INCLUSION, VERSION, hash};
use crate::seal::tree::{Hash, is_consistent, root_by_inclusion};

/// How a frame of zstd begins: RFC 8878, section 3.1.1.
const ZSTD: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// A proof without events is shorter.
const SHORT: u64 = 64 * 1024 * 1024;

/// Verifies a file: an export, the proof of an event, a consistency proof or a checkpoint. Blocks the thread, and
/// hashes on so many more.
///
/// # Errors
/// [`Invalid`] says what is wrong, and where.
pub fn verify_file(path: &Path, trusted: &Trusted, threads: NonZeroUsize) -> Result<Proven, Invalid> {
    let mut file = BufReader::with_capacity(1024 * 1024, File::open(path)?);
    if file.fill_buf()?.starts_with(&ZSTD) {
        let mut unpacked = BufReader::with_capacity(1024 * 1024, Decoder::with_buffer(file)?);
        if unpacked.fill_buf()?.starts_with(b"{\"annals_archive\"") {
            return archive(path, trusted);
        }
        return verify(unpacked, trusted.clone(), threads);
    }
    verify(file, trusted.clone(), threads)
}

/// What an archive proves.
fn archive(path: &Path, trusted: &Trusted) -> Result<Proven, Invalid> {
    let damaged = |damage| Invalid::Archive(Box::new(damage));
    let mut archive = ArchiveReader::begin(path).map_err(damaged)?;
    while archive.advance().map_err(damaged)?.is_some() {}
    let header = archive.header();
    let trees = archive.trees().ok_or_else(|| {
        let year = header.year;
        Invalid::Unknown(format!(
            "an archive of {year} by a program that wrote no proofs: `annals archive restore` it, and write it again"
        ))
    })?;
    Ok(Proven::Archive {
        year: header.year,
        positions: (header.first_position, header.last_position),
        events: header.events,
        checkpoints: trees.signed(trusted)?,
    })
}

fn verify(mut input: impl BufRead, mut trusted: Trusted, threads: NonZeroUsize) -> Result<Proven, Invalid> {
    let mut first = String::new();
    (&mut input).take(SHORT).read_line(&mut first)?;
    if first.starts_with("{\"annals_export\"") {
        let header: ExportHeader = read(&first)?;
        check_version(header.annals_export)?;
        return export(input, header, trusted, threads);
    }
    let mut rest = String::new();
    input.take(SHORT).read_to_string(&mut rest)?;
    if first.trim_end() == INCLUSION {
        return inclusion(&rest, trusted);
    }
    if first.starts_with("{\"annals_consistency\"") {
        let proof: Consistency = read(&first)?;
        check_version(proof.annals_consistency)?;
        endorse(&mut trusted, &proof.endorsements)?;
        let from = Checkpoint::open(&proof.from, &trusted)?;
        let to = Checkpoint::open(&proof.to, &trusted)?;
        let hashes: Vec<Hash> = proof.hashes.iter().map(|Base64(hash)| *hash).collect();
        let consistent = is_consistent((from.size, from.root), (to.size, to.root), &hashes);
        if from.origin != to.origin || !consistent {
            return Err(Invalid::Root);
        }
        return Ok(Proven::Consistency { from, to });
    }
    let is_certificate = first.trim_end() == FIRST_LINE;
    let note = first + &rest;
    if is_certificate {
        return Ok(Proven::Erasure(Box::new(Certificate::open(&note, &trusted)?)));
    }
    if !note.contains("\n\n\u{2014} ") {
        return Err(Invalid::Unknown("its first line is none of theirs".to_owned()));
    }
    Ok(Proven::Checkpoint(Checkpoint::open(&note, &trusted)?))
}

fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, Invalid> {
    serde_json::from_str(line).map_err(|error| Invalid::Unknown(format!("its first line: {error}")))
}

const fn check_version(version: u32) -> Result<(), Invalid> {
    if version == VERSION {
        return Ok(());
    }
    Err(Invalid::Version(version))
}

pub(super) fn endorse(trusted: &mut Trusted, notes: &[String]) -> Result<(), Invalid> {
    for note in notes {
        trusted.endorse(note)?;
    }
    Ok(())
}

/// The proof of an event: its index, the hashes, and the checkpoint (<https://c2sp.org/tlog-proof>).
fn inclusion(rest: &str, mut trusted: Trusted) -> Result<Proven, Invalid> {
    let wrong = |what: &str| Invalid::Unknown(format!("the proof of an event has no {what}"));
    let (head, note) = rest
        .split_once("\n\n")
        .ok_or_else(|| wrong("empty line before its checkpoint"))?;
    let mut lines = head.lines();
    let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
    let extra = extra
        .and_then(|text| BASE64.decode(text).ok())
        .ok_or_else(|| wrong("event in its extra data"))?;
    let extra: Extra = serde_json::from_slice(&extra).map_err(|error| Invalid::Unknown(error.to_string()))?;
    let index = lines.next().and_then(|line| line.strip_prefix("index "));
    let index: u64 = index
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| wrong("index"))?;
    let hashes: Option<Vec<Hash>> = lines.map(hash).collect();
    let hashes = hashes.ok_or_else(|| wrong("hashes of 32 bytes"))?;
    endorse(&mut trusted, &extra.endorsements)?;
    let checkpoint = Checkpoint::open(note, &trusted)?;
    let event = extra.event;
    let position = event.position;
    owned(&checkpoint.origin, &event.tenant_id, position)?;
    let leaf = event.leaf();
    if leaf.content != event.hash {
        return Err(Invalid::Changed { position });
    }
    let root = root_by_inclusion(leaf.hash(), index, checkpoint.size, &hashes);
    if root != Some(checkpoint.root) {
        return Err(Invalid::Root);
    }
    Ok(Proven::Event {
        checkpoint,
        position,
        index,
        what: format!(
            "{} of {}/{}",
            event.event_type, event.aggregate_type, event.aggregate_id
        ),
    })
}
