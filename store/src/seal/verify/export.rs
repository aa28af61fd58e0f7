//! Verifies an export: its events are those that its proof encloses, and no others.

use std::io::{self, BufRead, Read as _};
use std::num::NonZeroUsize;

use super::answer::{Invalid, Proven};
use super::proof::endorse;
use super::rows::check_all;
use crate::seal::checkpoint::{Checkpoint, Trusted};
use crate::seal::file::{Base64, ExportHeader};
use crate::seal::tree::{Frontier, Hash};

/// So many bytes of an export are hashed at once by each thread.
const BLOCK: usize = 4 * 1024 * 1024;

/// Verifies the rows behind an export's first line.
pub(super) fn export(
    mut input: impl BufRead,
    header: &ExportHeader,
    mut trusted: Trusted,
    threads: NonZeroUsize,
) -> Result<Proven, Invalid> {
    endorse(&mut trusted, &header.endorsements)?;
    let checkpoint = Checkpoint::open(&header.checkpoint, &trusted)?;
    let end = header.first.checked_add(header.events).ok_or(Invalid::Root)?;
    // The run's neighbours leave no room for an event between the positions.
    match (&header.before, header.first) {
        (None, 0) => {}
        (Some(before), 1..) if before.position <= header.after => {}
        _ => return Err(Invalid::Open("the leaf before its first event is not before it")),
    }
    match &header.behind {
        Some(behind) if behind.position > header.upto => {}
        None if end == checkpoint.size => {}
        _ => return Err(Invalid::Open("the leaf behind its last event is not behind it")),
    }
    let hashes = |hashes: &[Base64]| hashes.iter().map(|Base64(hash)| *hash).collect::<Vec<Hash>>();
    let left = header.first - u64::from(header.before.is_some());
    let mut tree = Frontier::of(left, hashes(&header.left)).ok_or(Invalid::Root)?;
    if let Some(before) = &header.before {
        tree.push(before.hash());
    }
    let (mut events, mut position, mut line) = (0, header.after, 1);
    let mut block = Vec::new();
    while read_block(&mut input, &mut block, BLOCK * threads.get())? {
        for part in check_all(&block, &checkpoint.origin, threads) {
            let (lines, checked) = part;
            let checked = checked.map_err(|problem| problem.at(line, header.events))?;
            line += lines;
            for (at, leaf) in checked {
                if events == header.events {
                    return Err(Invalid::TooMany {
                        position: at,
                        of: header.events,
                    });
                }
                if at <= position || at > header.upto {
                    return Err(Invalid::Order {
                        position: at,
                        after: position,
                    });
                }
                (events, position) = (events + 1, at);
                tree.push(leaf);
            }
        }
    }
    if events < header.events {
        return Err(Invalid::Truncated {
            events,
            of: header.events,
        });
    }
    // Beyond the tree's last leaf nothing is known: the range may not reach there.
    let last = if events > 0 {
        position
    } else {
        header.before.map_or(0, |before| before.position)
    };
    match &header.behind {
        Some(behind) => tree.push(behind.hash()),
        None if header.upto > last => {
            return Err(Invalid::Open(
                "its range ends behind the last event that was signed",
            ));
        }
        None => {}
    }
    if tree.root_at(checkpoint.size, &hashes(&header.right)) != Some(checkpoint.root) {
        return Err(Invalid::Root);
    }
    Ok(Proven::Export {
        checkpoint,
        after: header.after,
        upto: header.upto,
        events,
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
