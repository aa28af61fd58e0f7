//! Somebody whom the identity provider knows: which tenant, which roles.

use std::collections::BTreeSet;

use domain::TenantId;
use projections::member::{MemberList, MemberRow};
use projections::{List, Reader};

use super::authenticator::{Credentials, Shared, TurnedAway};
use super::jwt::{BadToken, Claims, Jwt};
use super::lookup::{catch_up, tenant_named, unavailable};
use super::revocations::instant_in;
use super::{Denied, Identity, Role};

/// How many members of one subject are looked at: a person may have been removed and invited again.
const SUBJECTS_AT_MOST: u32 = 10;

/// Who holds a token of the identity provider.
pub(super) async fn identify(
    shared: &Shared,
    jwt: &Jwt,
    credentials: &Credentials<'_>,
) -> Result<Identity, TurnedAway> {
    let now = shared.store.ambient().now().as_second();
    let claims = jwt.signed_claims(credentials.token).await?;
    let names = &jwt.options.claims;
    let subject = claims.subject(names)?;
    let good_until = match jwt.judge(&claims, now) {
        Ok(good_until) => good_until,
        // It was good once, or is for somebody else: its tenant may want to know.
        Err(bad @ (BadToken::Expired | BadToken::NotYet | BadToken::Audience)) => {
            let tenant = tenant_of(shared, jwt, &claims, credentials).await.ok();
            return Err(TurnedAway::knowing(bad.into(), tenant, subject));
        }
        Err(bad) => return Err(bad.into()),
    };
    let roles = claims.roles(names);
    let tenant = if roles.contains(&Role::PlatformAdmin) {
        credentials.asked_for(shared).await?
    } else {
        Some(tenant_of(shared, jwt, &claims, credentials).await?)
    };
    let (roles, member) = match tenant {
        Some(tenant) if !roles.contains(&Role::PlatformAdmin) => {
            let found = roles_in(shared, tenant, &subject, roles).await;
            found.map_err(|denied| TurnedAway::knowing(denied, Some(tenant), subject.clone()))?
        }
        _ => (roles, None),
    };
    Ok(Identity {
        member,
        good_until: Some(instant_in(good_until - now)),
        ..Identity::of_subject(subject, roles, tenant)
    })
}

/// The tenant of the token: the one that the request is for, if the token is good for several.
async fn tenant_of(
    shared: &Shared,
    jwt: &Jwt,
    claims: &Claims,
    credentials: &Credentials<'_>,
) -> Result<TenantId, Denied> {
    let mut named = claims.tenants(&jwt.options.claims);
    if named.is_empty() {
        named.extend(jwt.options.tenant.clone());
    }
    let (first, others) = named
        .split_first()
        .ok_or_else(|| Denied::NoTenantInToken(jwt.options.claims.tenant.clone()))?;
    let asked_for = credentials.asked_for(shared).await?;
    if others.is_empty() {
        let tenant = tenant_named(shared, first).await?;
        return match asked_for {
            Some(asked_for) if asked_for != tenant => Err(Denied::OtherTenant),
            _ => Ok(tenant),
        };
    }
    let asked_for = asked_for.ok_or(Denied::NoTenantNamed)?;
    for name in &named {
        match tenant_named(shared, name).await {
            Ok(tenant) if tenant == asked_for => return Ok(tenant),
            Ok(_) | Err(Denied::UnknownTenant(_)) => {}
            Err(denied) => return Err(denied),
        }
    }
    Err(Denied::OtherTenant)
}

/// The roles that the token brings, else the one of the tenant's member of this subject; nobody who was
/// removed has any.
async fn roles_in(
    shared: &Shared,
    tenant: TenantId,
    subject: &str,
    roles: BTreeSet<Role>,
) -> Result<(BTreeSet<Role>, Option<String>), Denied> {
    let mut rows = members(&shared.reader, tenant, subject).await?;
    if rows.is_empty() && roles.is_empty() {
        // The person may have joined a moment ago.
        let known = catch_up(&shared.store, &shared.reader).await?;
        rows = members(&shared.reader, tenant, subject).await?;
        known.or_later(rows.first())?;
    }
    let mut standing = rows.iter().map(|row| {
        let known = (row.status == "joined").then(|| Role::from(row.role));
        let heard = shared.keys.heard_of(tenant, &row.id);
        (row, heard.unwrap_or(known))
    });
    let joined = standing.find_map(|(row, role)| Some((row.id.clone(), role?)));
    match joined {
        Some((id, role)) if roles.is_empty() => Ok(([role].into(), Some(id))),
        Some((id, _)) => Ok((roles, Some(id))),
        None if !rows.is_empty() => Err(Denied::MemberRemoved),
        None if roles.is_empty() => Err(Denied::NoRole),
        None => Ok((roles, None)),
    }
}

async fn members(reader: &Reader, tenant: TenantId, subject: &str) -> Result<Vec<MemberRow>, Denied> {
    let mut list = List {
        equal: vec![("subject", subject.to_owned())],
        ..List::default()
    };
    list.page.limit = SUBJECTS_AT_MOST;
    let listed = reader
        .list::<MemberList>(tenant, &list)
        .await
        .map_err(unavailable)?;
    Ok(listed.rows.into_iter().map(|(_, row)| row).collect())
}
