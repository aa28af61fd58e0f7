//! What proves the log: checkpoints, and proofs that hold without trusting this side. `docs/proofs.md` says how
//! they are verified.

use async_graphql::{ID, Object, Result, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::TenantId;
use store::{At, Enclosure, Hash, SealError, Seals, SignedCheckpoint};

use super::kit::{Code, Context, Cursor, DateTime, IntoFault, May, fault, internal};
use crate::auth::Identity;
use crate::options::Options;

/// So many events are exported over GraphQL at most; `annals audit export` takes any number.
const EVENTS_AT_MOST: u64 = 1_000;

/// The root of the tenant's tree at a size, signed.
#[derive(Clone, SimpleObject)]
pub(crate) struct Checkpoint {
    /// Which tree: the first line of the note.
    origin: String,
    /// How many events the tree has.
    size: u64,
    /// The root, in base64.
    root_hash: String,
    /// The last event that it covers.
    cursor: Cursor,
    /// When it was signed.
    sealed_at: DateTime,
    /// The signed note, in the format of C2SP's tlog-checkpoint: keep it, and give it to others.
    note: String,
}

impl Checkpoint {
    fn of(tenant: TenantId, signed: SignedCheckpoint) -> Self {
        Self {
            size: signed.checkpoint.size,
            root_hash: BASE64.encode(signed.checkpoint.root),
            origin: signed.checkpoint.origin,
            cursor: Cursor::at(tenant, signed.position),
            sealed_at: signed.sealed_at.into(),
            note: signed.note,
        }
    }
}

/// That an event is in the tree of a checkpoint.
#[derive(Clone, SimpleObject)]
pub(crate) struct InclusionProof {
    /// The event's number in the tree, from 0 on.
    index: u64,
    /// The leaf's hash, in base64.
    leaf_hash: String,
    /// The hashes from the leaf's sibling up (RFC 6962, section 2.1.1), in base64.
    hashes: Vec<String>,
    /// The tree.
    checkpoint: Checkpoint,
    /// The event with the proof, in the format of C2SP's tlog-proof: `annals verify` takes it as a file.
    file: String,
}

/// That the tree of one checkpoint is the beginning of another's.
#[derive(Clone, SimpleObject)]
pub(crate) struct ConsistencyProof {
    /// The smaller tree.
    from: Checkpoint,
    /// The larger tree.
    to: Checkpoint,
    /// The hashes (RFC 6962, section 2.1.2), in base64.
    hashes: Vec<String>,
    /// The proof with both checkpoints: `annals verify` takes it as a file.
    file: String,
}

/// That these are all events of the tenant between two cursors: none added, none left out.
pub(crate) struct CompletenessProof {
    tenant: TenantId,
    seals: Seals,
    enclosure: Enclosure,
}

/// That these are all events of the tenant between two cursors: none added, none left out.
#[Object]
impl CompletenessProof {
    /// The range begins after this event.
    async fn after(&self) -> Cursor {
        Cursor::at(self.tenant, self.enclosure.after)
    }

    /// The range ends with this event; earlier than was asked for when the newest checkpoint ends earlier.
    async fn upto(&self) -> Cursor {
        Cursor::at(self.tenant, self.enclosure.upto)
    }

    /// How many events there are.
    async fn events(&self) -> u64 {
        self.enclosure.events
    }

    /// The tree.
    async fn checkpoint(&self) -> Checkpoint {
        Checkpoint::of(self.tenant, self.enclosure.checkpoint.clone())
    }

    /// The proof alone: the first line of the export, whose other lines are the events.
    async fn proof(&self) -> Result<String> {
        self.enclosure
            .line()
            .map_err(|error| internal("api.proof", &error.to_string()))
    }

    /// The export: the proof and the events, a line each, at most 1,000 of them. `annals verify` takes it as a
    /// file.
    async fn file(&self) -> Result<String> {
        let Enclosure {
            after, upto, events, ..
        } = self.enclosure;
        if events > EVENTS_AT_MOST {
            let message = format!(
                "the range has {events} events, and at most {EVENTS_AT_MOST} are exported here: ask for a smaller \
                 range, or let the operator run `annals audit export`"
            );
            return Err(fault(Code::BadUserInput, message));
        }
        let mut file = Vec::new();
        let exported = self.seals.export(self.tenant, (after, upto), &mut file).await;
        exported.map_err(IntoFault::into_fault)?;
        String::from_utf8(file).map_err(|error| internal("api.proof", &error.to_string()))
    }
}

impl IntoFault for SealError {
    fn into_fault(self) -> async_graphql::Error {
        match self {
            Self::NothingSealed | Self::NotYet { .. } => fault(Code::NotThereYet, self.to_string()),
            Self::NoCheckpoint { .. } | Self::NoEvent { .. } => fault(Code::NotFound, self.to_string()),
            Self::NoRange { .. } | Self::Note(_) => fault(Code::BadUserInput, self.to_string()),
            Self::Read(error) => error.into_fault(),
            Self::Shorter { .. }
            | Self::Certificate(_)
            | Self::Gap { .. }
            | Self::Tree { .. }
            | Self::OtherKey { .. }
            | Self::KeyFile { .. }
            | Self::Changed { .. }
            | Self::Count { .. }
            | Self::Io(_) => internal("api.proof refused", &self.to_string()),
        }
    }
}

fn base64(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| BASE64.encode(hash)).collect()
}

fn at(size: Option<u64>) -> At {
    size.map_or(At::Newest, At::Size)
}

/// Who asks, and what is sealed.
fn sealed(ctx: &Context<'_>) -> Result<(TenantId, Seals)> {
    let identity = ctx.data::<Identity>()?;
    let caller = May::Read.check(identity).and_then(|()| identity.caller());
    let tenant = caller.map_err(IntoFault::into_fault)?.tenant;
    Ok((tenant, ctx.data::<Options>()?.store.log().seals()))
}

fn position(name: &'static str, cursor: &Cursor, tenant: TenantId) -> Result<u64> {
    cursor
        .position(name, tenant)
        .map_err(|error| fault(Code::BadUserInput, error.to_string()))
}

/// What can be asked of the seals.
#[derive(Default)]
pub(crate) struct ProofQuery;

#[Object]
impl ProofQuery {
    /// The public keys that signed the tenant's checkpoints, oldest first, in the format of C2SP's signed-note.
    /// Get them by another way than the proofs.
    async fn seal_keys(&self, ctx: &Context<'_>) -> Result<Vec<ID>> {
        let (_, seals) = sealed(ctx)?;
        let keys = seals.keys().await.map_err(IntoFault::into_fault)?;
        let keys = keys.into_iter().flat_map(|keys| keys.keys);
        Ok(keys.map(|(key, _)| ID(key.to_string())).collect())
    }

    /// The newest checkpoint, or the one of a size.
    async fn checkpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many events its tree has.")] size: Option<u64>,
    ) -> Result<Checkpoint> {
        let (tenant, seals) = sealed(ctx)?;
        let signed = seals
            .checkpoint(tenant, at(size))
            .await
            .map_err(IntoFault::into_fault)?;
        Ok(Checkpoint::of(tenant, signed))
    }

    /// Proves that an event is in the tree of the newest checkpoint, or of the one of a size.
    async fn inclusion_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The event's.")] cursor: Cursor,
        #[graphql(desc = "How many events the tree has.")] size: Option<u64>,
    ) -> Result<InclusionProof> {
        let (tenant, seals) = sealed(ctx)?;
        let position = position("cursor", &cursor, tenant)?;
        let proof = seals
            .inclusion(tenant, position, at(size))
            .await
            .map_err(IntoFault::into_fault)?;
        Ok(InclusionProof {
            index: proof.index,
            leaf_hash: BASE64.encode(proof.leaf.hash()),
            hashes: base64(&proof.hashes),
            file: proof
                .file()
                .map_err(|error| internal("api.proof", &error.to_string()))?,
            checkpoint: Checkpoint::of(tenant, proof.checkpoint),
        })
    }

    /// Proves that the tree of one checkpoint is the beginning of that of another: nothing in it was changed since.
    async fn consistency_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The size of the first.")] from: u64,
        #[graphql(desc = "The size of the second; left out, the newest.")] to: Option<u64>,
    ) -> Result<ConsistencyProof> {
        let (tenant, seals) = sealed(ctx)?;
        let proof = seals
            .consistency(tenant, from, at(to))
            .await
            .map_err(IntoFault::into_fault)?;
        Ok(ConsistencyProof {
            hashes: base64(&proof.hashes),
            file: proof
                .file()
                .map_err(|error| internal("api.proof", &error.to_string()))?,
            from: Checkpoint::of(tenant, proof.from),
            to: Checkpoint::of(tenant, proof.to),
        })
    }

    /// Proves which events the tenant has between two cursors: all of them, and no others.
    async fn completeness_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "After this event; left out, from the first on.")] after: Option<Cursor>,
        #[graphql(desc = "Up to this event; left out, to the last that is sealed.")] upto: Option<Cursor>,
    ) -> Result<CompletenessProof> {
        let (tenant, seals) = sealed(ctx)?;
        let after = after.map_or(Ok(0), |cursor| position("after", &cursor, tenant))?;
        let upto = upto.map_or(Ok(u64::MAX), |cursor| position("upto", &cursor, tenant))?;
        let enclosure = seals
            .completeness(tenant, after, upto)
            .await
            .map_err(IntoFault::into_fault)?;
        Ok(CompletenessProof {
            tenant,
            seals,
            enclosure,
        })
    }
}
