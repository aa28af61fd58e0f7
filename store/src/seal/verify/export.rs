//! Verifies an export: its events are those that its proof encloses, and no others.

use std::io::{self, BufRead, Read as _};
use std::num::NonZeroUsize;

use super::answer::{Invalid, Proven};
use super::proof::endorse;
use super::rows::check_all;
use super::run::Run;
use crate::seal::checkpoint::{Checkpoint, Trusted};
use crate::seal::file::ExportHeader;

/// So many bytes of an export are hashed at once by each thread.
const BLOCK: usize = 4 * 1024 * 1024;

/// Verifies the rows behind an export's first line.
pub(super) fn export(
    mut input: impl BufRead,
    header: ExportHeader,
    mut trusted: Trusted,
    threads: NonZeroUsize,
) -> Result<Proven, Invalid> {
    endorse(&mut trusted, &header.endorsements)?;
    let checkpoint = Checkpoint::open(&header.checkpoint, &trusted)?;
    let (after, upto) = (header.after, header.upto);
    let mut run = Run::begin(header, checkpoint)?;
    let (mut line, mut block) = (1, Vec::new());
    while read_block(&mut input, &mut block, BLOCK * threads.get())? {
        for part in check_all(&block, &run.checkpoint().origin, threads) {
            let (lines, checked) = part;
            let checked = checked.map_err(|problem| problem.at(line, run.of()))?;
            line += lines;
            for (at, leaf) in checked {
                run.push(at, leaf)?;
            }
        }
    }
    run.end()?;
    Ok(Proven::Export {
        checkpoint: run.checkpoint().clone(),
        after,
        upto,
        events: run.of(),
    })
}

/// Reads whole lines, about so many bytes of them; false at the end.
fn read_block(input: &mut impl BufRead, block: &mut Vec<u8>, bytes: usize) -> io::Result<bool> {
    block.clear();
    input.take(bytes as u64).read_to_end(block)?;
    if block.len() == bytes {
        input.read_until(b'\n', block)?;
    }
    Ok(!block.is_empty())
}
