//! Tenants and members.

use domain::member::{self, Member, MemberId, Role};
use domain::tenant::{self, DeploymentMode, Settings, Slug, Tenant, TenantKey};
use domain::{Email, Event, Personal, TenantId};
use store::Unavailable;

use super::{Desk, Ended, NOT_OPEN, Needed, Outcome, done};
use crate::webhooks::source::Sender;
use crate::webhooks::told::{About, ERASED, Kind, Told, name_of};

impl Desk<'_> {
    pub(super) async fn organization(&self, id: &str, told: &Told) -> Ended {
        if self.source.is_mapped(id) {
            return Ok(Outcome::Done);
        }
        let Sender::Clerk(clerk) = &self.source.sender else {
            return Ok(Outcome::Done);
        };
        let Some((version, About::Organization { name, slug })) = &told.newest else {
            return Ok(Outcome::Waits(name_of(Kind::Organization, id)));
        };
        let tenant = self.source.tenant_of(id);
        let key = TenantKey::from(tenant);
        let settings = Settings {
            name: name.clone(),
            time_zone: clerk.time_zone.clone(),
            currency: clerk.currency,
        };
        let provision = tenant::Command::Provision {
            slug: slug_of(slug.as_deref(), id),
            mode: DeploymentMode::Shared,
            settings,
        };
        let began = told.began_ms.unwrap_or(version.at_ms);
        done!(
            self.ask::<Tenant>(tenant, &key, (began, provision), &["ALREADY_PROVISIONED"])
                .await
        );
        // What the tenant's own people set besides the name stays as it is.
        if let Some(settings) = self
            .settings(tenant)
            .await?
            .filter(|settings| settings.name != *name)
        {
            let settings = Settings {
                name: name.clone(),
                ..settings
            };
            let change = tenant::Command::ChangeSettings { settings };
            done!(
                self.ask::<Tenant>(tenant, &key, (version.at_ms, change), &["NOTHING_NEW", NOT_OPEN])
                    .await
            );
        }
        if let Some(end) = &told.end {
            let close = tenant::Command::Close {
                reason: end.reason.clone(),
            };
            done!(
                self.ask::<Tenant>(tenant, &key, (end.at_ms, close), &[NOT_OPEN])
                    .await
            );
        }
        Ok(Outcome::Done)
    }

    /// The settings of a tenant as they are now.
    async fn settings(&self, tenant: TenantId) -> Result<Option<Settings>, Unavailable> {
        let away = |error: store::ReadError| Unavailable {
            reason: error.to_string(),
            retry_after: std::time::Duration::from_secs(1),
        };
        let events = self
            .store
            .log()
            .of_kind(tenant, "tenant", u64::MAX >> 1)
            .await
            .map_err(away)?;
        let settings = events
            .into_iter()
            .rev()
            .find_map(|recorded| match recorded.event {
                Event::Tenant(
                    tenant::Event::Provisioned { settings, .. }
                    | tenant::Event::SettingsChanged { settings, .. },
                ) => Some(settings),
                _ => None,
            });
        Ok(settings)
    }

    pub(super) async fn membership(&self, id: &str, needed: &Needed<'_>) -> Ended {
        let told = needed.told;
        let Some((
            version,
            About::Membership {
                organization,
                user,
                email,
                name,
                role,
            },
        )) = &told.newest
        else {
            return Ok(Outcome::Nothing("nothing is known of the member".to_owned()));
        };
        let tenant = match self.tenant_in(Some(organization), needed.organization) {
            Ok(tenant) => tenant,
            Err(outcome) => return Ok(outcome),
        };
        // Of whom this is not told any more was invited before.
        let email = Some(email).filter(|email| *email != ERASED);
        let email = email.map(|email| Email::parse(email.clone())).transpose();
        let (Ok(member), Ok(email)) = (id.parse::<MemberId>(), email) else {
            return Ok(Outcome::invalid(
                tenant,
                "the membership's id or address can't be a member's",
            ));
        };
        let began = told.began_ms.unwrap_or(version.at_ms);
        let (user, role) = (user.clone(), role_of(role));
        let done = ["ALREADY_INVITED", "ALREADY_JOINED", "SAME_ROLE", "REMOVED"];
        if let Some(email) = email {
            let invite = member::Command::Invite {
                email: Personal::new(email),
                role,
                name: name.clone().map(Personal::new),
            };
            done!(self.ask::<Member>(tenant, &member, (began, invite), &done).await);
        }
        let join = member::Command::Join { user };
        done!(self.ask::<Member>(tenant, &member, (began, join), &done).await);
        let change = member::Command::ChangeRole { role };
        done!(
            self.ask::<Member>(tenant, &member, (version.at_ms, change), &done)
                .await
        );
        let ends = [&told.end, &needed.user.and_then(|user| user.end.clone())];
        if let Some(end) = ends.into_iter().flatten().min() {
            let remove = member::Command::Remove {
                reason: end.reason.clone(),
            };
            done!(
                self.ask::<Member>(tenant, &member, (end.at_ms, remove), &done)
                    .await
            );
        }
        Ok(Outcome::Done)
    }
}

/// Clerk's roles: `org:admin`, `org:member`, and the names before (`admin`, `basic_member`); own ones are members.
fn role_of(role: &str) -> Role {
    match role.strip_prefix("org:").unwrap_or(role) {
        "admin" => Role::Admin,
        "owner" => Role::Owner,
        "analyst" => Role::Analyst,
        "auditor" => Role::Auditor,
        _ => Role::Member,
    }
}

fn slug_of(slug: Option<&str>, id: &str) -> Slug {
    let of_id: String = id
        .to_ascii_lowercase()
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .take(63)
        .collect();
    let given = slug.and_then(|slug| slug.parse().ok());
    let of_id = || of_id.trim_matches('-').parse().ok();
    given
        .or_else(of_id)
        .unwrap_or_else(|| "organization".parse().expect("a word of letters is a slug"))
}
