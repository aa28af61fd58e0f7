//! What has a global id: a type of objects that are rows of a read model, found one by one or many at once.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Error, Request, Result};
use domain::{Actor, TenantId};
use futures::future::BoxFuture;
use projections::engine::EntityKey;
use projections::{Past, ReadModel, Reader};

use super::code::IntoFault;
use super::stale::stale_rows;
use super::{Context, Recalled};
use crate::auth::{Identity, may_see};
use crate::options::Options;

/// A type whose objects are the rows of a read model, one for each aggregate.
pub(crate) trait Entity:
    From<<Self::Model as ReadModel>::Row> + Recalled + Clone + Send + Sync + 'static
{
    /// Where its rows are.
    type Model: ReadModel<Key = EntityKey>;

    /// The id inside the tenant.
    fn local_id(&self) -> &str;

    /// Whether it is there for an actor to whom its kind is open: for everybody, unless its file says otherwise.
    fn is_for(&self, _actor: &Actor) -> bool {
        true
    }

    /// The same for lists: columns of which one has its value in all rows that are there for an actor; none: all are.
    fn those_for(_actor: &Actor) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Which object: the present one, or the one of a past position.
pub(crate) struct Of<N> {
    pub(crate) tenant: TenantId,
    pub(crate) local: String,
    pub(crate) as_of: Option<u64>,
    kind: PhantomData<fn() -> N>,
}

impl<N> Of<N> {
    pub(crate) const fn new(tenant: TenantId, local: String, as_of: Option<u64>) -> Self {
        Self {
            tenant,
            local,
            as_of,
            kind: PhantomData,
        }
    }

    fn parts(&self) -> (TenantId, Option<u64>, &str) {
        (self.tenant, self.as_of, &self.local)
    }
}

impl<N> Clone for Of<N> {
    fn clone(&self) -> Self {
        Self::new(self.tenant, self.local.clone(), self.as_of)
    }
}

impl<N> PartialEq for Of<N> {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl<N> Eq for Of<N> {}

impl<N> Hash for Of<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// Loads the objects that one request names, all that are wanted at once by one query a type. It belongs to the
/// request, so to one tenant, and keeps nothing: each event of a subscription sees the rows as they are then.
pub(crate) struct Rows {
    reader: Reader,
    past: Past,
    /// How many objects were asked for so far.
    asked: Arc<AtomicUsize>,
    /// Which types the token opens, as far as that was asked.
    open: Mutex<Vec<(&'static str, bool)>>,
}

/// The loader of one request.
pub(crate) type Loaders = DataLoader<Rows>;

/// A request with loaders of its own.
pub(crate) fn with_loaders(request: Request, options: &Options) -> Request {
    let asked = Arc::<AtomicUsize>::default();
    let rows = Rows {
        reader: options.reader.clone(),
        past: options.past.clone(),
        asked: Arc::clone(&asked),
        open: Mutex::default(),
    };
    // A long page is resolved in several steps: the loading begins when no more is asked for.
    let loaders: Loaders = DataLoader::new(rows, move |loading: BoxFuture<'static, ()>| {
        let asked = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut before = 0;
            while before != asked.load(Ordering::Relaxed) {
                before = asked.load(Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
            loading.await;
        })
    });
    request.data(loaders).data(stale_rows(options.reader.clone()))
}

impl<N: Entity> Loader<Of<N>> for Rows {
    type Value = Arc<N>;
    type Error = Error;

    async fn load(&self, keys: &[Of<N>]) -> Result<HashMap<Of<N>, Arc<N>>> {
        let mut moments: HashMap<(TenantId, Option<u64>), Vec<String>> = HashMap::new();
        for key in keys {
            let ids = moments.entry((key.tenant, key.as_of)).or_default();
            ids.push(key.local.clone());
        }
        let mut found = HashMap::with_capacity(keys.len());
        for ((tenant, as_of), ids) in moments {
            for node in self.rows::<N>(tenant, as_of, ids).await? {
                let key = Of::new(tenant, node.local_id().to_owned(), as_of);
                found.insert(key, Arc::new(node));
            }
        }
        Ok(found)
    }
}

impl Rows {
    /// Whether the token opens the rows of a read model: looked up once for all rows of a request.
    fn opens(&self, identity: &Identity, model: &'static str) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, opens)) = open.iter().find(|(known, _)| *known == model) {
            return *opens;
        }
        let opens = may_see(identity, model).is_ok();
        open.push((model, opens));
        opens
    }

    async fn rows<N: Entity>(
        &self,
        tenant: TenantId,
        as_of: Option<u64>,
        ids: Vec<String>,
    ) -> Result<Vec<N>> {
        let Some(position) = as_of else {
            let rows = self.reader.entities::<N::Model>(tenant, &ids).await;
            let rows = rows.map_err(IntoFault::into_fault)?;
            return Ok(rows.into_iter().map(Into::into).collect());
        };
        let mut nodes = Vec::with_capacity(ids.len());
        for id in ids {
            let row = self.past.entity::<N::Model>(tenant, &id, position).await;
            if let Some(row) = row.map_err(IntoFault::into_fault)? {
                nodes.push(N::from(row).recalled(position));
            }
        }
        Ok(nodes)
    }
}

/// The object that an id names inside the caller's tenant; `None` when there is none, or when the caller may not
/// see it.
pub(crate) async fn related<N: Entity>(
    ctx: &Context<'_>,
    local: Option<&str>,
    as_of: Option<u64>,
) -> Result<Option<Arc<N>>> {
    let identity = ctx.data::<Identity>()?;
    let (Some(local), Some(tenant)) = (local, identity.tenant) else {
        return Ok(None);
    };
    let loaders = ctx.data::<Loaders>()?;
    if !loaders.loader().opens(identity, N::Model::NAME) {
        return Ok(None);
    }
    let key = Of::<N>::new(tenant, local.to_owned(), as_of);
    loaders.loader().asked.fetch_add(1, Ordering::Relaxed);
    let found = loaders.load_one(key).await?;
    Ok(found.filter(|found| found.is_for(&identity.actor)))
}
