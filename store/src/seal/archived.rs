//! What an archive carries of its tenants' trees, so that its events are proven without the database: for each tenant
//! the proof that they are all of its events in the archive's range.

use std::collections::BTreeMap;

use domain::TenantId;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::checkpoint::{Checkpoint, Trusted};
use super::error::SealError;
use super::file::ExportHeader;
use super::lookup::enclosure;
use super::note::Note;
use super::verify::{Invalid, Run};
use crate::archive::ArchivedRow;

/// A tenant's line in an archive: what would be the first line of the export of its events.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantProof {
    tenant: String,
    proof: ExportHeader,
}

/// The lines for these tenants: that what they have between two positions are all of their events there. The
/// transaction must see one state, and all of it must be sealed.
pub(crate) async fn proof_lines(
    connection: &mut PgConnection,
    tenants: &[TenantId],
    (after, upto): (u64, u64),
) -> Result<Vec<String>, SealError> {
    let mut lines = Vec::with_capacity(tenants.len());
    for tenant in tenants {
        let proof = TenantProof {
            tenant: tenant.to_string(),
            proof: enclosure(connection, *tenant, after, upto).await?.header(),
        };
        lines.push(serde_json::to_string(&proof).map_err(std::io::Error::from)?);
    }
    Ok(lines)
}

/// The trees of an archive's tenants, put together again while its rows pass by.
#[derive(Debug, Default)]
pub(crate) struct ArchivedTrees(BTreeMap<String, Run>);

impl ArchivedTrees {
    /// Takes a tenant's line. The range is the archive's.
    pub(crate) fn add(&mut self, line: &[u8], (after, upto): (u64, u64)) -> Result<(), Invalid> {
        let unknown = |what: String| Invalid::Unknown(format!("the archive's proof of a tenant: {what}"));
        let TenantProof { tenant, proof } =
            serde_json::from_slice(line).map_err(|error| unknown(error.to_string()))?;
        if proof.after != after || proof.upto > upto {
            return Err(Invalid::Open("it is for another range than the archive's"));
        }
        let checkpoint = Checkpoint::of(&Note::parse(&proof.checkpoint)?)?;
        if !checkpoint.origin.ends_with(&format!("/{tenant}")) {
            return Err(unknown(format!("{} is not of {tenant}", checkpoint.origin)));
        }
        if self.0.contains_key(&tenant) {
            return Err(unknown(format!("{tenant} is there twice")));
        }
        self.0.insert(tenant, Run::begin(proof, checkpoint)?);
        Ok(())
    }

    /// Takes an event.
    pub(crate) fn push(&mut self, row: &ArchivedRow) -> Result<(), Invalid> {
        let run = self
            .0
            .get_mut(&row.tenant_id)
            .ok_or_else(|| Invalid::Unknown(format!("tenant {} has events and no proof", row.tenant_id)))?;
        run.push(row.position, row.leaf().hash())
    }

    /// Whether all trees lead to their roots; who signed these is not looked at.
    pub(crate) fn end(&self) -> Result<(), (String, Invalid)> {
        let of = |(tenant, run): (&String, &Run)| run.end().map_err(|invalid| (tenant.clone(), invalid));
        self.0.iter().try_for_each(of)
    }

    /// The checkpoints, if all of them were signed by keys that are trusted, or by their successors.
    pub(crate) fn signed(&self, trusted: &Trusted) -> Result<Vec<Checkpoint>, Invalid> {
        let open = |run: &Run| {
            let mut trusted = trusted.clone();
            for note in &run.header().endorsements {
                trusted.endorse(note)?;
            }
            Ok(Checkpoint::open(&run.header().checkpoint, &trusted)?)
        };
        self.0.values().map(open).collect()
    }

    /// The first line of the export of a tenant's events.
    pub(crate) fn export_line(&self, tenant: &str) -> Option<serde_json::Result<String>> {
        Some(serde_json::to_string(self.0.get(tenant)?.header()))
    }
}
