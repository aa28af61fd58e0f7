//! The tenant over GraphQL.

use async_graphql::{Enum, InputObject, Object, Result};
use domain::tenant::{Command, Settings, Tenant as Aggregate};

use super::kit::{Asked, Context, CreatingTenant, Head, May, UserError, mutations, parsed, payload, run};

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

payload!(TenantPayload, "a tenant's command");

mutations! {
    /// What a tenant's own administrators may ask.
    TenantMutation: Aggregate, Admin => TenantPayload;

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
    PlatformMutation: Aggregate, Platform => TenantPayload;

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
        input: ProvisionTenantInput,
    ) -> Result<TenantPayload> {
        let head = Head::from(input.head.clone());
        let command = if head.idempotency_key.is_some() && head.id.is_none() {
            let reason = "a tenant's key is kept in the tenant: give the tenant's id (a ULID) beside it";
            Err(UserError::invalid(&["id"], &reason))
        } else {
            input.command()
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
