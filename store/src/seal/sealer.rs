//! Seals the log: adds what is new to each tenant's tree, and signs the roots. One process does it at a time:
//! whoever holds the lock of the head's row.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::TenantId;
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::checkpoint::{Checkpoint, origin};
use super::error::SealError;
use super::kept::Kept;
use super::keys::{KeyFile, SealKeys, newest, signing};
use super::note::{SignerKey, VerifierKey};
use super::tables::{Growing, PAGE, Row, bigint, new_rows, number, read_tiles, write_trees};
use super::tiles::{Edge, Place};
use crate::ambient::Ambient;
use crate::erasure::certify;
use crate::tail::Tail;

/// How often what is new is sealed.
const EVERY: Duration = Duration::from_millis(250);

/// Who hangs while it seals gives the others their turn.
const BEGIN: &str = "begin; set local idle_in_transaction_session_timeout = '10s'";

/// What one round of sealing did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// So many events were added; none: all were sealed already.
    Events(u64),
    /// Somebody else is sealing.
    Elsewhere,
}

/// How a process seals.
#[derive(Clone, Debug)]
pub struct SealOptions {
    /// Where the private key is, or is to be.
    pub key: KeyFile,
    /// What the notes call the installation; what it was called first is kept.
    pub name: Option<String>,
    /// 32 secret random bytes, for the key if there is none yet.
    pub seed: [u8; 32],
    /// The folder outside of PostgreSQL in which the newest checkpoint of each tenant is kept.
    pub checkpoints: std::path::PathBuf,
}

/// Seals the log.
#[derive(Debug)]
pub struct Sealer {
    pool: PgPool,
    ambient: Ambient,
    options: SealOptions,
    number: i32,
    key: SignerKey,
    kept: Kept,
}

impl Sealer {
    /// Takes the key out of its file, or makes it if nothing was ever sealed.
    ///
    /// # Errors
    /// [`SealError::OtherKey`] when the file has not the key that signs.
    pub async fn open(pool: PgPool, ambient: Ambient, options: SealOptions) -> Result<Self, SealError> {
        let (name, seed) = (options.name.as_deref(), options.seed);
        let (number, key) = signing(&pool, &options.key, name, seed, ambient.now()).await?;
        let kept = Kept::read(&options.checkpoints)?;
        Ok(Self {
            pool,
            ambient,
            options,
            number,
            key,
            kept,
        })
    }

    /// Seals until it is to stop.
    pub async fn run(mut self, tail: Tail, mut stopping: watch::Receiver<bool>) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = String::new();
        metrics::gauge!("annals_seal_failing").set(0.0);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            match self.catch_up(&tail).await {
                Ok(()) if failing.is_empty() => {}
                Ok(()) => {
                    tracing::info!("store.seal goes on");
                    metrics::gauge!("annals_seal_failing").set(0.0);
                    failing.clear();
                }
                Err(error) => {
                    metrics::gauge!("annals_seal_failing").set(1.0);
                    let text = error.to_string();
                    if text != failing {
                        tracing::error!(%error, "store.seal can't seal, and tries again");
                        failing = text;
                    }
                }
            }
        }
    }

    async fn catch_up(&mut self, tail: &Tail) -> Result<(), SealError> {
        let page = u64::try_from(PAGE).unwrap_or_default();
        loop {
            match self.seal().await? {
                Sealed::Events(events) if events >= page => {}
                Sealed::Events(events) => {
                    metrics::counter!("annals_sealed_events_total").increment(events);
                    // What came meanwhile waits for the next time.
                    tracing::trace!(position = tail.position(), events, "store.seal sealed");
                    self.certify().await?;
                    return Ok(());
                }
                Sealed::Elsewhere => return Ok(()),
            }
        }
    }

    /// Signs the certificates of erasures that all read models have taken in; gives how many.
    ///
    /// # Errors
    /// [`SealError::Read`] when the database is away.
    pub async fn certify(&self) -> Result<u64, SealError> {
        certify(&self.pool, &self.key, self.ambient.now()).await
    }

    /// Seals what is new, up to 20,000 events of it, in one transaction.
    ///
    /// # Errors
    /// [`SealError`]: then nothing was sealed.
    pub async fn seal(&mut self) -> Result<Sealed, SealError> {
        let mut transaction = self.pool.begin_with(BEGIN).await?;
        let head = sqlx::query!(
            r#"
            select s.name, s.position, l.position as head
            from seal_head s, log_head l
            for update of s skip locked
            "#
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(head) = head else {
            return Ok(Sealed::Elsewhere);
        };
        if head.head < head.position {
            return Err(SealError::Shorter {
                head: number(head.head),
                sealed: number(head.position),
            });
        }
        if head.head == head.position {
            return Ok(Sealed::Events(0));
        }
        self.follow_rotation(&mut transaction, &head.name).await?;
        let rows = new_rows(&mut transaction, head.position).await?;
        let Some(last) = rows.last() else {
            return Err(SealError::Gap {
                position: number(head.position) + 1,
            });
        };
        let (events, position) = (rows.len() as u64, last.position);
        let mut trees = self.trees(&mut transaction, &rows).await?;
        for row in &rows {
            if let Some(tree) = trees.get_mut(&row.tenant_id) {
                tree.edge.push(row.leaf.hash(), row.leaf.position);
                tree.position = row.leaf.position;
            }
        }
        let now = self.ambient.now();
        write_trees(&mut transaction, &trees).await?;
        let signed = self.sign(&head.name, &trees)?;
        self.write_checkpoints(&mut transaction, &trees, &signed, now)
            .await?;
        sqlx::query!(
            "update seal_head set position = $1, sealed_at = $2",
            position,
            now.to_sqlx() as SqlTimestamp
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        for (tenant, (checkpoint, signature)) in signed {
            self.kept.keep(
                &tenant,
                &checkpoint,
                &checkpoint.note(self.key.verifier(), &signature, ""),
            )?;
        }
        Ok(Sealed::Events(events))
    }

    /// Takes the new key when another process has rotated it.
    async fn follow_rotation(&mut self, connection: &mut PgConnection, name: &str) -> Result<(), SealError> {
        let (number, public) = newest(connection).await?.ok_or(SealError::NothingSealed)?;
        if number != self.number {
            let file = &self.options.key;
            let key = file.load(&public)?.ok_or_else(|| SealError::OtherKey {
                file: file.path().to_owned(),
                sealing: VerifierKey::new(name, public).to_string(),
            })?;
            (self.number, self.key) = (number, key);
        }
        Ok(())
    }

    /// The trees of the rows' tenants, each held against what was signed of it last.
    async fn trees(
        &self,
        connection: &mut PgConnection,
        rows: &[Row],
    ) -> Result<BTreeMap<String, Growing>, SealError> {
        let mut tenants: Vec<String> = rows.iter().map(|row| row.tenant_id.clone()).collect();
        tenants.sort_unstable();
        tenants.dedup();
        let found = sqlx::query!(
            r#"
            select t.tenant_id as "tenant!", coalesce(s.size, 0) as "size!", coalesce(s.position, 0) as "position!",
                   c.root as "root?", c.key as "key?", c.signature as "signature?"
            from unnest($1::text[]) as t (tenant_id)
            left join seal_trees s on s.tenant_id = t.tenant_id
            left join seal_checkpoints c on c.tenant_id = s.tenant_id and c.size = s.size
            "#,
            &tenants
        )
        .fetch_all(&mut *connection)
        .await?;
        let places: Vec<(String, Place)> = found
            .iter()
            .flat_map(|tree| {
                let places = Edge::places(number(tree.size)).into_iter();
                places.map(|place| (tree.tenant.clone(), place))
            })
            .collect();
        let mut tiles = read_tiles(connection, &places).await?;
        let keys = SealKeys::read(connection)
            .await?
            .ok_or(SealError::NothingSealed)?;
        let mut trees = BTreeMap::new();
        for tree in found {
            let wrong = |what: &str| SealError::Tree {
                tenant: tree.tenant.parse().unwrap_or(TenantId::new(ulid::Ulid::nil())),
                what: what.to_owned(),
            };
            let size = number(tree.size);
            let stored = tiles.remove(&tree.tenant).unwrap_or_default();
            let edge = Edge::of(size, &stored).ok_or_else(|| wrong("its right edge is damaged"))?;
            let root = edge.root();
            if size > 0 && tree.root.as_deref() != Some(&root) {
                return Err(wrong("its root is not that of its last checkpoint"));
            }
            match self.kept.of(&tree.tenant) {
                Some((kept, _)) if size < *kept => {
                    return Err(wrong(&format!("it has {size} leaves, and {kept} were signed")));
                }
                Some((kept, signed)) if size == *kept => {
                    if *signed != root {
                        return Err(wrong("its root is not the one that was kept"));
                    }
                }
                _ if size == 0 => {}
                _ => {
                    let checkpoint = Checkpoint {
                        origin: format!("{}/{}", keys.name, tree.tenant),
                        size,
                        root,
                    };
                    let key = usize::try_from(tree.key.unwrap_or_default() - 1).unwrap_or(usize::MAX);
                    let key = keys.keys.get(key).ok_or_else(|| wrong("its key is not known"))?;
                    let note = checkpoint.note(&key.0, &tree.signature.clone().unwrap_or_default(), "");
                    Checkpoint::open(&note, &keys.trusted())?;
                }
            }
            let position = number(tree.position);
            trees.insert(tree.tenant.clone(), Growing { edge, position });
        }
        Ok(trees)
    }

    /// Signs the roots.
    fn sign(
        &self,
        name: &str,
        trees: &BTreeMap<String, Growing>,
    ) -> Result<BTreeMap<String, (Checkpoint, [u8; 64])>, SealError> {
        let mut signed = BTreeMap::new();
        for (tenant, tree) in trees {
            let id: TenantId = tenant.parse().map_err(|_| crate::error::ReadError::Corrupt {
                position: tree.position,
                column: "tenant_id",
                value: tenant.clone(),
            })?;
            let checkpoint = Checkpoint {
                origin: origin(name, id),
                size: tree.edge.size(),
                root: tree.edge.root(),
            };
            let signature = checkpoint.sign(&self.key);
            signed.insert(tenant.clone(), (checkpoint, signature));
        }
        Ok(signed)
    }

    async fn write_checkpoints(
        &self,
        connection: &mut PgConnection,
        trees: &BTreeMap<String, Growing>,
        signed: &BTreeMap<String, (Checkpoint, [u8; 64])>,
        now: Timestamp,
    ) -> Result<(), SealError> {
        let tenants: Vec<String> = signed.keys().cloned().collect();
        let sizes: Vec<i64> = signed
            .values()
            .map(|(checkpoint, _)| bigint(checkpoint.size))
            .collect();
        let positions: Vec<i64> = trees.values().map(|tree| bigint(tree.position)).collect();
        let roots: Vec<Vec<u8>> = signed
            .values()
            .map(|(checkpoint, _)| checkpoint.root.to_vec())
            .collect();
        let signatures: Vec<Vec<u8>> = signed.values().map(|(_, signature)| signature.to_vec()).collect();
        sqlx::query!(
            r#"
            insert into seal_checkpoints (tenant_id, size, position, root, key, signature, sealed_at)
            select c.tenant_id, c.size, c.position, c.root, $6, c.signature, $7
            from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[])
                as c (tenant_id, size, position, root, signature)
            "#,
            &tenants,
            &sizes,
            &positions,
            &roots,
            &signatures,
            self.number,
            now.to_sqlx() as SqlTimestamp,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
