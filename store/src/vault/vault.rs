//! The vault itself: seals what is written, opens what is read, keeps some data keys in memory.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::TenantId;
use domain::personal_fields::personal_fields;
use jiff::Timestamp;
use jiff::civil::Date;
use lru::LruCache;
use sqlx::PgPool;
use ulid::Ulid;
use zeroize::Zeroizing;

use super::keys::{self, Fresh, Use, month_of};
use super::local::random;
use super::opened::{Held, Keys, Opened};
use super::sealed::{Spot, key_id, seal};
use super::turn::Turns;
use super::{DataKey, KeyPlace, MasterKeyId, MasterKeys, VaultError, fields};
use crate::log::Write;

/// So many data keys are kept in memory, about 150 bytes each.
const KEPT: usize = 50_000;
/// So many are wrapped or opened at once.
pub(super) const AT_ONCE: usize = 500;
/// How often a fresh key is wrapped again because somebody rotated the master key meanwhile.
const TRIES: u32 = 5;

type Name = (TenantId, String);
/// With which key of which id to seal.
type Sealing = HashMap<Use, (String, DataKey)>;

/// Whether events of this type destroy data keys: what was opened before may not be kept.
#[must_use]
pub fn erases(event_type: &str) -> bool {
    matches!(event_type, "subject.forgotten" | "retention.applied")
}

/// Seals and opens personal fields. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    shared: Arc<Shared>,
}

struct Shared {
    pool: PgPool,
    masters: Arc<dyn MasterKeys>,
    cache: Mutex<Cache>,
    turns: Turns,
}

struct Cache {
    held: LruCache<Name, Held>,
    used: LruCache<(Use, Date), String>,
    /// Grows when something is erased: what was read before is not kept.
    generation: u64,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Opens the vault of a database through `pool`, whose role must be the appender's; the first time, the current
    /// master key becomes the database's.
    ///
    /// # Errors
    /// [`VaultError::OtherMasterKey`] when the database's master key is not among `masters`.
    pub async fn open(
        pool: PgPool,
        masters: Arc<dyn MasterKeys>,
        now: Timestamp,
    ) -> Result<Self, VaultError> {
        let current = masters.current().await?;
        if let Some(head) = keys::head(&pool, Some((&current, now))).await?
            && head != current
        {
            // Nothing to open: it only tells whether the key is there.
            masters.unwrap(&head, &[]).await?;
        }
        let kept = NonZeroUsize::new(KEPT).unwrap_or(NonZeroUsize::MIN);
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                masters,
                cache: Mutex::new(Cache {
                    held: LruCache::new(kept),
                    used: LruCache::new(kept),
                    generation: 0,
                }),
                turns: Turns::default(),
            }),
        })
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.shared.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what is in memory of a tenant's keys.
    pub(crate) fn drop_keys_of(&self, tenant: &str) {
        if let Ok(tenant) = tenant.parse() {
            self.drop_keys(tenant);
        }
    }

    /// Forgets what is in memory of a tenant's keys.
    pub(crate) fn drop_keys(&self, tenant: TenantId) {
        let mut cache = self.cache();
        cache.generation += 1;
        let held: Vec<Name> = cache.held.iter().map(|(name, _)| name.clone()).collect();
        for name in held.into_iter().filter(|(of, _)| *of == tenant) {
            cache.held.pop(&name);
        }
        let tenant = tenant.to_string();
        let used: Vec<(Use, Date)> = cache.used.iter().map(|(used, _)| used.clone()).collect();
        for used in used.into_iter().filter(|(of, _)| of.tenant == tenant) {
            cache.used.pop(&used);
        }
    }

    /// Seals the personal fields of events about to be appended, in all writes with at most two statements.
    pub(crate) async fn seal(&self, writes: &mut [Write], now: Timestamp) -> Result<(), VaultError> {
        check_clear(writes)?;
        let mut uses = HashSet::new();
        for write in writes.iter() {
            for event in &write.events {
                if !fields::held(&event.payload, personal_fields(&event.event_type)).is_empty() {
                    uses.insert(Use::of(write, &event.actor, &event.event_type)?);
                }
            }
        }
        if uses.is_empty() {
            return Ok(());
        }
        let keys = self.keys_for(uses, month_of(now), now).await?;
        for write in writes.iter_mut() {
            for number in 0..write.events.len() {
                let event = &write.events[number];
                let of = Use::of(write, &event.actor, &event.event_type)?;
                let Some((id, key)) = keys.get(&of) else {
                    continue;
                };
                let personal = personal_fields(&event.event_type);
                let sealed = fields::with_sealed(&event.payload, personal, |field, value| {
                    let spot = Spot {
                        tenant: &of.tenant,
                        aggregate_type: write.aggregate_type,
                        stored_id: &write.stored_id,
                        event_type: &event.event_type,
                        field,
                    };
                    seal((id, key), spot, &event.event_id, value)
                })?;
                if let Some(sealed) = sealed {
                    write.events[number].payload = sealed;
                }
            }
        }
        Ok(())
    }

    /// The keys with which to seal these, made where there is none: together with those that others want.
    async fn keys_for(
        &self,
        wanted: HashSet<Use>,
        month: Date,
        now: Timestamp,
    ) -> Result<Sealing, VaultError> {
        let mut found = Sealing::new();
        let mut missing = self.at_hand(wanted.into_iter().collect(), month, &mut found);
        if missing.is_empty() {
            return Ok(found);
        }
        let _turn = self.shared.turns.wait(&missing, month).await;
        missing = self.at_hand(missing, month, &mut found);
        if missing.is_empty() {
            return Ok(found);
        }
        let all = self.shared.turns.taken(missing.clone(), month);
        let mut made = self.found_or_made(&all, month, now).await?;
        for of in missing {
            match made.remove(&of) {
                Some(key) => drop(found.insert(of, key)),
                // Somebody forgot the subject at this very moment: asked again, it gets a key of its own.
                None => {
                    return Err(VaultError::UnknownKey {
                        field: of.event_type,
                        key_id: format!("of {}", of.subject),
                    });
                }
            }
        }
        Ok(found)
    }

    /// Puts those whose keys are in memory into `found`, and gives the others.
    fn at_hand(&self, mut wanted: Vec<Use>, month: Date, found: &mut Sealing) -> Vec<Use> {
        let mut cache = self.cache();
        wanted.retain(|of| {
            let id = cache.used.get(&(of.clone(), month)).cloned();
            let held = id.and_then(|id| {
                let tenant = of.tenant.parse().ok()?;
                Some((cache.held.get(&(tenant, id.clone())).cloned()?, id))
            });
            match held {
                Some((Held::Key(key), id)) => {
                    found.insert(of.clone(), (id, key));
                    false
                }
                _ => true,
            }
        });
        wanted
    }

    /// The keys of these, from the table and else fresh, which are in memory from now on.
    async fn found_or_made(
        &self,
        wanted: &[Use],
        month: Date,
        now: Timestamp,
    ) -> Result<Sealing, VaultError> {
        let generation = self.cache().generation;
        let mut used = keys::in_use(&self.shared.pool, wanted, month).await?;
        let known: HashSet<&Use> = used.iter().map(|(of, _)| of).collect();
        let missing: Vec<Use> = wanted.iter().filter(|of| !known.contains(of)).cloned().collect();
        let mut fresh = HashMap::new();
        for part in missing.chunks(AT_ONCE) {
            used.extend(self.add(part, month, now, &mut fresh).await?);
        }
        let mut places = Vec::new();
        for (of, id) in &used {
            if !fresh.contains_key(id) {
                places.push(of.place(id.clone())?);
            }
        }
        let held = self.load(&places).await?;
        let mut cache = self.cache();
        let is_kept = cache.generation == generation;
        let mut keys = Sealing::new();
        for (of, id) in used {
            let name = (of.place(id.clone())?.tenant, id.clone());
            let key = match (fresh.remove(&id), held.get(&name)) {
                (Some(key), _) => key,
                (None, Some(Held::Key(key))) => key.clone(),
                (None, Some(Held::Destroyed) | None) => continue,
            };
            if is_kept {
                cache.held.put(name, Held::Key(key.clone()));
                cache.used.put((of.clone(), month), id.clone());
            }
            keys.insert(of, (id, key));
        }
        Ok(keys)
    }

    /// Makes keys for these, unless other processes were quicker: gives the ids of those in use, and puts every key
    /// that it made into `fresh`.
    async fn add(
        &self,
        uses: &[Use],
        month: Date,
        now: Timestamp,
        fresh: &mut HashMap<String, DataKey>,
    ) -> Result<Vec<(Use, String)>, VaultError> {
        for _ in 0..TRIES {
            let mut made = Vec::new();
            for of in uses {
                made.push((of.place(fresh_id(now)?)?, Zeroizing::new(random()?)));
            }
            let master_key = self.shared.masters.current().await?;
            let wrapped = Fresh {
                uses: uses.to_vec(),
                ids: made.iter().map(|(place, _)| place.key_id.clone()).collect(),
                wrapped: self.shared.masters.wrap(&made).await?,
                master_key,
            };
            if let Some(used) = keys::add(&self.shared.pool, &wrapped, month, now).await? {
                fresh.extend(made.into_iter().map(|(place, key)| (place.key_id, key)));
                return Ok(used);
            }
        }
        let wanted = keys::head(&self.shared.pool, None).await?;
        Err(VaultError::OtherMasterKey {
            wanted: wanted.unwrap_or(self.shared.masters.current().await?),
            place: "first place among the master keys of this process".to_owned(),
        })
    }

    /// What became of these keys, from memory and else with one statement.
    async fn load(&self, places: &[KeyPlace]) -> Result<HashMap<Name, Held>, VaultError> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        let generation = {
            let mut cache = self.cache();
            for place in places {
                let name = (place.tenant, place.key_id.clone());
                match cache.held.get(&name) {
                    Some(held) => drop(found.insert(name, held.clone())),
                    None => missing.push(place.clone()),
                }
            }
            cache.generation
        };
        if missing.is_empty() {
            return Ok(found);
        }
        let mut by_master: HashMap<MasterKeyId, Vec<(KeyPlace, Vec<u8>)>> = HashMap::new();
        let mut loaded = Vec::new();
        for stored in keys::stored(&self.shared.pool, &missing).await? {
            match stored.wrapped {
                Some(wrapped) => by_master
                    .entry(stored.master_key)
                    .or_default()
                    .push((stored.place, wrapped)),
                None => loaded.push((stored.place, Held::Destroyed)),
            }
        }
        for (master, wrapped) in by_master {
            for part in wrapped.chunks(AT_ONCE) {
                let keys = self.shared.masters.unwrap(&master, part).await?;
                let places = part.iter().map(|(place, _)| place.clone());
                loaded.extend(places.zip(keys.into_iter().map(Held::Key)));
            }
        }
        let mut cache = self.cache();
        for (place, held) in loaded {
            let name = (place.tenant, place.key_id);
            if cache.generation == generation {
                cache.held.put(name.clone(), held.clone());
            }
            found.insert(name, held);
        }
        Ok(found)
    }

    /// The keys that stored payloads need: of each the tenant, the event type and the text.
    pub(crate) async fn prepare<'p>(
        &self,
        payloads: impl Iterator<Item = (&'p str, &'p str, &'p str)> + Send,
    ) -> Result<Opened, VaultError> {
        let mut places = HashSet::new();
        for (tenant, event_type, payload) in payloads {
            for sealed in fields::sealed_values(payload, personal_fields(event_type)) {
                if let (Ok(tenant), Some(id)) = (tenant.parse(), key_id(&sealed)) {
                    places.insert(KeyPlace {
                        tenant,
                        key_id: id.to_owned(),
                    });
                }
            }
        }
        let places: Vec<KeyPlace> = places.into_iter().collect();
        Ok(Opened::With(Keys(self.load(&places).await?)))
    }
}

/// Refuses personal values that are not in the clear: whoever writes may not bring sealed ones.
pub(crate) fn check_clear(writes: &[Write]) -> Result<(), VaultError> {
    for event in writes.iter().flat_map(|write| &write.events) {
        let held = fields::held(&event.payload, personal_fields(&event.event_type));
        if let Some((field, _)) = held.into_iter().find(|(_, is_sealed)| *is_sealed) {
            return Err(VaultError::NotClear { field });
        }
    }
    Ok(())
}

/// The master key without which nothing of a database can be opened; `None`: nothing was ever sealed.
pub(crate) async fn head_without_keys(pool: &PgPool) -> Result<Option<MasterKeyId>, VaultError> {
    keys::head(pool, None).await
}

fn fresh_id(now: Timestamp) -> Result<String, VaultError> {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
    let mut entropy = [0; 16];
    entropy.copy_from_slice(&random()?[..16]);
    Ok(Ulid::from_parts(milliseconds, u128::from_be_bytes(entropy)).to_string())
}
