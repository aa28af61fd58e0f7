//! The tenant over GraphQL.

use crate::auth::Identity;
use async_graphql::{Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::TenantId;
use domain::tenant::{Command, Settings, Tenant as Aggregate};
use projections::ReadModel as _;
use projections::tenant::{TenantPlace, TenantRow, Tenants};

use super::kit::{
    AsOf, Asked, Context, CreatingTenant, Cursor, DateTime, Head, Ids, IntoFault, May, NodeId, Payload,
    Recalled, Ulid, UserError, Window, connection, evidence, mutations, parsed, run, see, then, total,
};

/// Whether a tenant shares the cloud or has an installation of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::tenant::DeploymentMode")]
pub(crate) enum DeploymentMode {
    /// Many tenants in one installation.
    Shared,
    /// One tenant in a closed network.
    Dedicated,
}

/// What can be changed about a tenant.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct TenantSettingsInput {
    /// The name to show.
    name: String,
    /// The IANA time zone in which days, months and billing periods are cut, for instance "Europe/Berlin".
    time_zone: String,
    /// The currency of its reports and invoices (ISO 4217), for instance "EUR".
    currency: String,
}

impl TenantSettingsInput {
    fn read(self) -> Result<Settings, UserError> {
        Ok(Settings {
            name: self.name,
            time_zone: self
                .time_zone
                .parse()
                .map_err(|error| UserError::invalid(&["settings", "timeZone"], &error))?,
            currency: self
                .currency
                .parse()
                .map_err(|error| UserError::invalid(&["settings", "currency"], &error))?,
        })
    }
}

mutations! {
    /// What a tenant's own administrators may ask.
    TenantMutation: Aggregate, Admin;

    /// Replaces the tenant's settings.
    change_tenant_settings(ChangingTenant, ChangeTenantSettingsInput {
        /// From now on.
        settings: TenantSettingsInput,
    })
    |input| Command::ChangeSettings { settings: input.settings.read()? };

    /// Turns a line of business on.
    enable_vertical(ChangingTenant, EnableVerticalInput {
        /// Which, for instance "sales".
        vertical: String,
    })
    |input| Command::EnableVertical { vertical: parsed("vertical", &input.vertical)? };

    /// Turns a line of business off.
    disable_vertical(ChangingTenant, DisableVerticalInput {
        /// Which.
        vertical: String,
    })
    |input| Command::DisableVertical { vertical: parsed("vertical", &input.vertical)? };
}

mutations! {
    /// What the platform's administrator may ask of tenants.
    PlatformMutation: Aggregate, Platform;

    /// Refuses all commands of a tenant until further notice. For the platform's administrator.
    suspend_tenant(ChangingTenant, SuspendTenantInput {
        /// Why.
        reason: String,
    })
    |input| Command::Suspend { reason: input.reason };

    /// Admits commands of a suspended tenant again. For the platform's administrator.
    reactivate_tenant(ChangingTenant, ReactivateTenantInput {})
    |_| Command::Reactivate;

    /// Ends a tenant for good. For the platform's administrator.
    close_tenant(ChangingTenant, CloseTenantInput {
        /// Why.
        reason: String,
    })
    |input| Command::Close { reason: input.reason };
}

/// Sets up a new tenant. For the platform's administrator.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ProvisionTenantInput {
    #[graphql(flatten)]
    head: CreatingTenant,
    /// Its short name in URLs: 2 to 63 characters (a-z, 0-9, '-' inside), unique in this installation.
    slug: String,
    /// Shared cloud or installation of its own.
    #[graphql(default_with = "DeploymentMode::Shared")]
    mode: DeploymentMode,
    /// Name, zone and currency.
    settings: TenantSettingsInput,
}

impl ProvisionTenantInput {
    fn command(self) -> Result<Command, UserError> {
        Ok(Command::Provision {
            slug: parsed("slug", &self.slug)?,
            mode: self.mode.into(),
            settings: self.settings.read()?,
        })
    }
}

/// How tenants come into being.
#[derive(Default)]
pub(crate) struct ProvisionMutation;

#[Object]
impl ProvisionMutation {
    /// Sets up a new tenant. For the platform's administrator. An idempotency key is kept inside the tenant,
    /// so it needs the tenant's `id` beside it.
    async fn provision_tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: ProvisionTenantInput,
    ) -> Result<Payload<ProvisionTenantInput>> {
        May::Platform
            .check(ctx.data::<Identity>()?)
            .map_err(IntoFault::into_fault)?;
        let head = Head::from(input.head.clone());
        let command = match refused_beforehand(ctx, &head, &input.slug).await? {
            Some(error) => Err(error),
            None => input.command(),
        };
        let asked = Asked {
            mutation: "provision_tenant",
            head,
            command,
            under_key: None,
        };
        run::<Aggregate>(ctx, May::Platform, asked).await.map(Into::into)
    }
}

/// What the tenant itself can't see: that its short name is taken, or that its key would be kept nowhere.
async fn refused_beforehand(ctx: &Context<'_>, head: &Head, slug: &str) -> Result<Option<UserError>> {
    if head.idempotency_key.is_some() && head.id.is_none() {
        let reason = "a tenant's key is kept in the tenant: give the tenant's id (a ULID) beside it";
        return Ok(Some(UserError::invalid(&["id"], &reason)));
    }
    let reader = see::<Tenants>(ctx, None, None).await?;
    let named = reader.tenants(Some(slug)).await.map_err(IntoFault::into_fault)?;
    let is_other = |tenant: &TenantRow| head.id.as_deref() != Some(tenant.tenant_id.to_string().as_str());
    Ok(named.first().filter(|tenant| is_other(tenant)).map(|_| {
        let message = format!("slug: {slug} is the short name of another tenant");
        UserError::at(&["slug"], "SLUG_TAKEN", message)
    }))
}

/// A tenant as it is now: who the platform works for.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Tenant {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque.
    pub(crate) id: NodeId,
    /// The id as tokens, events and headers have it.
    local_id: Ulid,
    /// The short name in URLs.
    slug: String,
    /// Shared cloud or installation of its own.
    mode: DeploymentMode,
    /// The name to show.
    name: String,
    /// The IANA time zone in which days, months and billing periods are cut.
    time_zone: String,
    /// The currency of its reports and invoices (ISO 4217).
    currency: String,
    /// The lines of business that are on.
    verticals: Vec<String>,
    /// `open`, `suspended` or `closed`.
    standing: String,
    /// When it was set up.
    provisioned_at: DateTime,
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<Tenants>(row.tenant_id, &row.tenant_id.to_string()),
            local_id: row.tenant_id.into(),
            slug: row.slug.into(),
            mode: row.mode.into(),
            name: row.name,
            time_zone: row.time_zone,
            currency: row.currency.into(),
            verticals: row.verticals.into_iter().map(Into::into).collect(),
            standing: row.standing,
            provisioned_at: row.provisioned_at.into(),
        }
    }
}

evidence!(Tenant of Tenants, |tenant| Vec::new(), Some(TenantId::new(tenant.local_id.0)));

/// Whose cursors those of the list of tenants are.
const PLATFORM: TenantId = TenantId::new(ulid::Ulid::nil());

connection!(Tenant: TenantConnection, TenantEdge, "all tenants");

/// Which of all tenants; what is left out does not matter.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct TenantFilter {
    /// Only those that asked for this short name; the first of them has it.
    slug: Option<String>,
}

/// A tenant, if it is the caller's own or the caller is the platform's administrator.
pub(super) async fn of_caller(ctx: &Context<'_>, wanted: Option<TenantId>) -> Result<Option<Tenant>> {
    let identity = ctx.data::<Identity>()?;
    May::Read.check(identity).map_err(IntoFault::into_fault)?;
    let is_open = identity.is_platform_admin || identity.tenant == wanted;
    let Some(wanted) = wanted.filter(|_| is_open) else {
        return Ok(None);
    };
    let reader = see::<Tenants>(ctx, Some(wanted), None).await?;
    let row = reader.tenant(wanted).await.map_err(IntoFault::into_fault)?;
    Ok(row.map(Into::into))
}

/// What can be asked about tenants.
#[derive(Default)]
pub(crate) struct TenantQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl TenantQuery {
    /// The tenant of the token, or the one that the platform's administrator names by its id; null when there
    /// is none.
    async fn tenant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's id: the `id` of an answer, or its ULID; left out, the token's own.")]
        id: Option<ID>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<Option<Tenant>> {
        let identity = ctx.data::<Identity>()?;
        May::Read.check(identity).map_err(IntoFault::into_fault)?;
        let wanted = match id {
            Some(id) => {
                let id = Ids(identity.tenant).argument("id", &[Tenants::NAME], id)?;
                match id.and_then(|id| id.parse::<TenantId>().ok()) {
                    Some(id) => id,
                    None => return Ok(None),
                }
            }
            None => identity.caller().map_err(IntoFault::into_fault)?.tenant,
        };
        if identity.tenant != Some(wanted) && !identity.is_platform_admin {
            return Ok(None);
        }
        let reader = see::<Tenants>(ctx, Some(wanted), at_least).await?;
        if let Some(then) = then(ctx, wanted, as_of).await? {
            let row = then.past.tenant(wanted, then.position).await;
            let row = row.map_err(IntoFault::into_fault)?;
            return Ok(row.map(|row| Tenant::from(row).recalled(then.position)));
        }
        let row = reader.tenant(wanted).await.map_err(IntoFault::into_fault)?;
        Ok(row.map(Into::into))
    }

    /// All tenants in the order in which they came. For the platform's administrator.
    async fn tenants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this tenant.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this tenant.")] before: Option<Cursor>,
        #[graphql(desc = "Which.")] filter: Option<TenantFilter>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<TenantConnection> {
        let identity = ctx.data::<Identity>()?;
        May::Platform.check(identity).map_err(IntoFault::into_fault)?;
        let reader = see::<Tenants>(ctx, None, at_least).await?;
        let window = Window {
            first,
            after,
            last,
            before,
        };
        // The list is nobody's own: its cursors are the platform's.
        let page = window.page::<TenantPlace>(PLATFORM)?;
        let slug = filter.and_then(|filter| filter.slug);
        let listed = reader.tenant_page(slug.as_deref(), &page, total(ctx)).await;
        let listed = listed.map_err(IntoFault::into_fault)?;
        Ok(TenantConnection::new(PLATFORM, listed, page.direction))
    }
}
